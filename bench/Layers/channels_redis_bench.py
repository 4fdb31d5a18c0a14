"""One measurement of Python's channels_redis: the same work as in RedisWork.cs.

    channels_redis_bench.py <host:port> <work> <seconds>

Prints how many a second, and nothing else. "versions" as the work prints the versions.
"""
import asyncio
import sys
import time

import channels_redis
import redis
from channels_redis.core import RedisChannelLayer
from channels_redis.pubsub import RedisPubSubChannelLayer

MESSAGE = {"type": "chat.message", "text": "Hello, everybody who is in this room.", "number": 42}
WARM_UP = 0.3


class Meter:
    """Counts what is done from the warm-up's end to the end."""

    def __init__(self, seconds):
        self.start = time.perf_counter() + WARM_UP
        self.end = self.start + seconds
        self.seconds = seconds
        self.count = 0

    @property
    def running(self):
        return time.perf_counter() < self.end

    def add(self):
        if self.start <= time.perf_counter() < self.end:
            self.count += 1

    @property
    def rate(self):
        return self.count / self.seconds


async def pubsub_group(address, seconds, senders):
    layer = RedisPubSubChannelLayer(hosts=[f"redis://{address}"])
    channel = await layer.new_channel()
    await layer.group_add("room", channel)
    await asyncio.sleep(0.2)
    meter = Meter(seconds)
    sent = received = 0

    async def receive():
        nonlocal received
        while True:
            await layer.receive(channel)
            received += 1
            meter.add()

    async def send():
        nonlocal sent
        while meter.running:
            # So that a slow member shows, and not the length of its mailbox.
            while sent - received > 1000:
                await asyncio.sleep(0.001)
            sent += 1
            await layer.group_send("room", MESSAGE)

    receiving = asyncio.ensure_future(receive())
    await asyncio.gather(*(send() for _ in range(senders)))
    receiving.cancel()
    await asyncio.gather(receiving, return_exceptions=True)
    await layer.flush()
    return meter.rate


async def queue_channel(address, seconds):
    sender, receiver = (RedisChannelLayer(hosts=[f"redis://{address}"]) for _ in range(2))
    meter = Meter(seconds)
    window = asyncio.Semaphore(50)

    async def receive():
        while True:
            await receiver.receive("work")
            window.release()
            meter.add()

    receiving = asyncio.ensure_future(receive())
    while meter.running:
        await window.acquire()
        await sender.send("work", MESSAGE)
    await asyncio.sleep(0.2)
    receiving.cancel()
    await asyncio.gather(receiving, return_exceptions=True)
    await sender.flush()
    await receiver.close_pools()
    return meter.rate


async def queue_group(address, seconds, members):
    sender, receiver = (RedisChannelLayer(hosts=[f"redis://{address}"]) for _ in range(2))
    meter = Meter(seconds)
    channels = [await receiver.new_channel() for _ in range(members)]
    for channel in channels:
        await receiver.group_add("room", channel)
    left = 0
    done = asyncio.Event()

    async def receive(channel):
        nonlocal left
        while True:
            await receiver.receive(channel)
            left -= 1
            if left == 0:
                done.set()

    receiving = [asyncio.ensure_future(receive(channel)) for channel in channels]
    await asyncio.sleep(0.5)
    meter = Meter(seconds)
    while meter.running:
        left = members
        done.clear()
        await sender.group_send("room", MESSAGE)
        await done.wait()
        meter.add()
    for task in receiving:
        task.cancel()
    await asyncio.gather(*receiving, return_exceptions=True)
    await sender.flush()
    await receiver.close_pools()
    return meter.rate


WORK = {
    "pubsub-1": lambda address, seconds: pubsub_group(address, seconds, 1),
    "pubsub-64": lambda address, seconds: pubsub_group(address, seconds, 64),
    "queue-channel": queue_channel,
    "queue-100": lambda address, seconds: queue_group(address, seconds, 100),
    "queue-1000": lambda address, seconds: queue_group(address, seconds, 1000),
}

if sys.argv[2] == "versions":
    print(f"Python {sys.version.split()[0]}, channels_redis {channels_redis.__version__}, redis-py {redis.__version__}")
else:
    print(asyncio.run(WORK[sys.argv[2]](sys.argv[1], float(sys.argv[3]))))
