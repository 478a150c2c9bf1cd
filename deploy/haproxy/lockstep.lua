-- Lets Lockstep keep new clients of a backend waiting while its primary changes, and never for longer than it asked for:
-- the time is over by HAProxy's own clock, whether Lockstep is there or not.
--
--   global
--     lua-load /etc/haproxy/lockstep.lua
--   backend mysql
--     option redispatch
--     timeout queue 5s      # longer than any hold: whoever waits longer is turned away
--
-- Over the runtime API (level admin):
--
--   lockstep hold BACKEND SERVER MILLISECONDS   new clients wait, one at most reaches it
--   lockstep release BACKEND                    they go on
--   lockstep held BACKEND                       how much longer they would wait, in milliseconds; 0: nobody waits
--
-- A server that takes one connection lets all others wait in the backend's queue. Once another server is ready, HAProxy
-- sends them there at once.

local longest = 30000
local step = 20

-- By backend: the server, how many connections it took before, and when the hold is over.
local holds = {}

local function now()
  local time = core.now()
  return time.sec * 1000 + time.usec / 1000
end

local function release(backend)
  local hold = holds[backend]
  holds[backend] = nil
  if hold == nil then
    return
  end
  if hold.maxconn == 0 then
    -- Without any limit nobody would be taken out of the queue: first a limit that nobody reaches.
    hold.server:set_maxconn(1000000)
  end
  hold.server:set_maxconn(hold.maxconn)
end

local function left(backend)
  local hold = holds[backend]
  return "held " .. (hold == nil and 0 or math.max(0, math.ceil(hold.over - now())))
end

core.register_task(function()
  while true do
    for backend, hold in pairs(holds) do
      if hold.over <= now() then
        release(backend)
      end
    end
    core.msleep(step)
  end
end)

local function command(words, usage, work)
  core.register_cli(words, table.concat(words, " ") .. usage, function(applet, ...)
    local given = { ... }
    applet:send(work(table.unpack(given, #words + 1)) .. "\n")
  end)
end

command({ "lockstep", "hold" }, " BACKEND SERVER MILLISECONDS : new clients of this server wait", function(name, server, time)
  local backend = core.backends[name or ""]
  local found = backend ~= nil and backend.servers[server or ""] or nil
  local milliseconds = tonumber(time)
  if found == nil then
    return "no such server"
  end
  if milliseconds == nil or milliseconds <= 0 or milliseconds > longest then
    return "from 1 to " .. longest .. " milliseconds"
  end
  if holds[name] ~= nil and holds[name].server == found then
    holds[name].over = now() + milliseconds
    return left(name)
  end
  release(name)
  holds[name] = {
    server = found,
    maxconn = tonumber(found:get_stats()["slim"]) or 0,
    over = now() + milliseconds,
  }
  found:set_maxconn(1)
  return left(name)
end)

command({ "lockstep", "release" }, " BACKEND : clients that wait go on", function(name)
  release(name or "")
  return left(name or "")
end)

command({ "lockstep", "held" }, " BACKEND : how much longer clients wait, in milliseconds", function(name)
  return left(name or "")
end)
