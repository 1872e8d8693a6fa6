-- SPDX-License-Identifier: BSD-2-Clause
-- The requests of one load, for wrk.  In the environment:
--	BENCH_REQUESTS	a file with whole requests: "LENGTH\n", then the bytes
--	BENCH_THREADS	how many threads wrk has; each takes its share
--	BENCH_ONCE	not empty: each request is sent once at most
--	BENCH_SAMPLES	where each hundredth answer goes, as "STATUS LENGTH\n"
--			and the bytes
-- At the end it prints one line of JSON.

local threads = {}

function setup(thread)
	thread:set("id", #threads)
	threads[#threads + 1] = thread
end

function init()
	local count = tonumber(os.getenv("BENCH_THREADS"))
	local file = io.open(os.getenv("BENCH_REQUESTS"), "rb")
	local number = 0
	requests = {}
	while true do
		local length = file:read("*l")
		if not length then break end
		local bytes = file:read(tonumber(length))
		if number % count == id then requests[#requests + 1] = bytes end
		number = number + 1
	end
	file:close()
	once = (os.getenv("BENCH_ONCE") or "") ~= ""
	sent, seen, ran_out = 0, 0, 0
	samples = io.open(os.getenv("BENCH_SAMPLES") .. "." .. id, "wb")
end

function request()
	sent = sent + 1
	if once and sent > #requests then
		sent, ran_out = #requests, 1
		wrk.thread:stop()
	end
	return requests[(sent - 1) % #requests + 1]
end

-- The first one too, so that a short load has one.
function response(status, headers, body)
	if seen % 100 == 0 then
		samples:write(status, " ", #body, "\n", body)
	end
	seen = seen + 1
end

function done(summary, latency)
	local sent, ran_out = 0, 0
	for _, thread in ipairs(threads) do
		if thread:get("sent") > sent then sent = thread:get("sent") end
		ran_out = ran_out + thread:get("ran_out")
	end
	local errors = summary.errors
	print(string.format('{"requests":%d,"seconds":%.6f,"p50":%.3f,' ..
	    '"p99":%.3f,"max":%.3f,"refused":%d,"broken":%d,"sent":%d,' ..
	    '"ran_out":%d}', summary.requests, summary.duration / 1e6,
	    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
	    latency.max / 1e3, errors.status, errors.connect + errors.read +
	    errors.write + errors.timeout, sent * #threads, ran_out))
end
