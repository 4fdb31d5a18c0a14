-- Puts one value into each of some queues.
-- KEYS  the queues
-- ARGV  now and the expiry, in seconds; then for each queue the value and the capacity
-- Returns how many queues were full and did not get theirs.
local now = tonumber(ARGV[1])
local expiry = tonumber(ARGV[2])
local full = 0
for i, queue in ipairs(KEYS) do
    redis.call('ZREMRANGEBYSCORE', queue, 0, string.format('%.17g', now - expiry))
    if redis.call('ZCARD', queue) >= tonumber(ARGV[2 * i + 2]) then
        full = full + 1
    else
        redis.call('ZADD', queue, ARGV[1], ARGV[2 * i + 1])
        redis.call('PEXPIRE', queue, math.ceil(expiry * 1000))
    end
end
return full
