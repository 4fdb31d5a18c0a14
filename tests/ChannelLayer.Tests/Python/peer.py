"""Python's channels_redis for the tests of another language.

Reads one JSON object a line, writes one JSON object a line:

    {"id": 1, "call": "send", "layer": 0, "channel": "chat", "message": {"type": "x"}}
    {"id": 1, "result": null}
    {"id": 1, "error": "ChannelFull", "message": "..."}

Calls run side by side; who wants an order waits for each answer. Values that JSON has not: {"$bytes": "<base64>"},
{"$float": "nan" | "inf" | "-inf"}; what no message should hold comes as {"$repr": "..."}.
"""
import asyncio
import base64
import json
import math
import sys

import channels_redis
from channels_redis.core import RedisChannelLayer
from channels_redis.pubsub import RedisPubSubChannelLayer
from redis import asyncio as aioredis


def to_json(value):
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": repr(value)}
    if isinstance(value, (bytes, bytearray)):
        return {"$bytes": base64.b64encode(value).decode()}
    if type(value) in (list, tuple):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    return {"$repr": repr(value)}


def from_json(value):
    if isinstance(value, list):
        return [from_json(item) for item in value]
    if isinstance(value, dict):
        if value.keys() == {"$bytes"}:
            return base64.b64decode(value["$bytes"])
        if value.keys() == {"$float"}:
            return float(value["$float"])
        return {key: from_json(item) for key, item in value.items()}
    return value


class Layer:
    def __init__(self, backend, hosts, **options):
        options = {name: value for name, value in options.items() if value is not None}
        self.backend = backend
        self.layer = {"core": RedisChannelLayer, "pubsub": RedisPubSubChannelLayer}[backend](hosts=hosts, **options)
        self.servers = [aioredis.from_url(host) for host in hosts]
        self.receiving = {}

    async def new_channel(self, prefix=None):
        name = await (self.layer.new_channel() if prefix is None else self.layer.new_channel(prefix))
        await self.subscribed()
        return name

    async def send(self, channel, message):
        await self.layer.send(channel, from_json(message))

    async def receive(self, channel, timeout):
        # Cancelling a receive would end the channel in pubsub. One that has had no time is picked up by the next call.
        task = self.receiving.pop(channel, None) or asyncio.ensure_future(self.layer.receive(channel))
        done, _ = await asyncio.wait([task], timeout=timeout)
        if not done:
            self.receiving[channel] = task
            raise asyncio.TimeoutError(f"Nothing came to {channel} in {timeout} s.")
        return to_json(task.result())

    async def group_add(self, group, channel):
        await self.layer.group_add(group, channel)
        await self.subscribed()

    async def group_discard(self, group, channel):
        await self.layer.group_discard(group, channel)
        await self.subscribed()

    async def group_send(self, group, message):
        await self.layer.group_send(group, from_json(message))

    async def flush(self):
        await self.layer.flush()

    async def close(self):
        for task in self.receiving.values():
            task.cancel()
        await asyncio.gather(*self.receiving.values(), return_exceptions=True)
        # Flush of pubsub ends its connections and nothing else; that of core would delete what is in Redis.
        await (self.layer.close_pools() if self.backend == "core" else self.layer.flush())
        for server in self.servers:
            await server.close(close_connection_pool=True)

    async def subscribed(self):
        # The layer does not wait for the server's word on SUBSCRIBE. What is asked after it is answered after it.
        if self.backend == "pubsub":
            for server in self.servers:
                await server.ping()


class Peer:
    def __init__(self):
        self.layers = []

    async def new_layer(self, **options):
        self.layers.append(Layer(**options))
        return len(self.layers) - 1

    async def run(self, call, layer=None, **arguments):
        return await getattr(self if layer is None else self.layers[layer], call)(**arguments)

    async def answer(self, line):
        question = json.loads(line)
        number = question.pop("id")
        try:
            write({"id": number, "result": await self.run(**question)})
        except Exception as fault:
            write({"id": number, "error": type(fault).__name__, "message": str(fault)})


def write(answer):
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


async def main():
    reader = asyncio.StreamReader(limit=1 << 28)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    peer = Peer()
    answering = set()
    write({"ready": channels_redis.__version__})
    while line := await reader.readline():
        task = asyncio.ensure_future(peer.answer(line))
        answering.add(task)
        task.add_done_callback(answering.discard)


asyncio.run(main())
