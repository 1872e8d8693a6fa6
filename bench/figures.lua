-- SPDX-License-Identifier: BSD-2-Clause
-- The requests of bench/figures, for wrk.  BENCH says which; WORK has the
-- tokens and events, a line each.

local threads = {}

local function lines(name)
	local list = {}
	for line in io.lines(os.getenv("WORK") .. "/" .. name) do
		list[#list + 1] = line
	end
	return list
end

function setup(thread)
	thread:set("id", #threads)
	threads[#threads + 1] = thread
end

function init()
	tokens, events = lines("tokens"), lines("events")
	n = id
	good, refused, failed = 0, 0, 0
end

-- Each thread takes every second pair of a user and an event.
local function claim()
	local token = tokens[n % #tokens + 1]
	local event = events[math.floor(n / #tokens) % #events + 1]
	n = n + 2
	return wrk.format("POST", "/v1/events/" .. event .. "/claims", {
		["Authorization"] = "Bearer " .. token,
		["Content-Type"] = "application/json",
	}, "{}")
end

local function list()
	n = n + 1
	return wrk.format("GET", "/v1/events?limit=20", {
		["Authorization"] = "Bearer " .. tokens[n % #tokens + 1],
	})
end

function request()
	return os.getenv("BENCH") == "claims" and claim() or list()
end

function response(status)
	if status == 200 or status == 201 then
		good = good + 1
	elseif status == 409 then
		refused = refused + 1
	else
		failed = failed + 1
	end
end

function done()
	local sum = { good = 0, refused = 0, failed = 0 }
	for _, thread in ipairs(threads) do
		for name in pairs(sum) do
			sum[name] = sum[name] + thread:get(name)
		end
	end
	print(string.format("answers: %d good, %d refused, %d failed",
	    sum.good, sum.refused, sum.failed))
end
