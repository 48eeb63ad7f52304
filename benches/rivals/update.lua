-- The update that TRACKER.UPSERT makes, as a script: the same keys, the same transition rule, the same retention. It calls
-- the server as rarely as it can: one HMGET, one HSET, and only the indexes that change. A TTL stays as it is while it is
-- right: all indexes of an object get theirs together, a little longer than needed, so that one PEXPIRETIME mostly says all.
-- Times are made text once, since the server takes longer to do it for every argument that is a number.
--
-- KEYS[1]: what the names of the object's keys begin with. ARGV: task id, state, its rank, its timestamp's field, task name,
-- attempt, time (unix ms), the record's own retention in seconds or '', NX, XX or '', then fields and values.
--
-- It does less than the module in some places, which can only speed it up: it knows one run and one end of each attempt, the
-- full length of a value that was cut stays when a whole value comes, and an index may outlive a retention that was shortened.

local WINDOW, MOST, LONGEST, REMOVED_PER_WRITE = 86400, 10000, 65536, 100
local FIRST_FIELD = 10

local call, floor = redis.call, math.floor
local prefix, id, state, stamp, name, option = KEYS[1], ARGV[1], ARGV[2], ARGV[4], ARGV[5], ARGV[9]
local rank, attempt, at = tonumber(ARGV[3]), tonumber(ARGV[6]) or 0, tonumber(ARGV[7])
local record, tasks, expiry, names = prefix .. 'record:' .. id, prefix .. 'tasks', prefix .. 'expiry', prefix .. 'names'

local time = call('TIME')
local now = time[1] * 1000 + floor(time[2] / 1000)
if at > now then at = now end
local at_text = string.format('%.0f', at)

local function every_state(act)
  for _, each in ipairs({'SUCCESS', 'FAILURE', 'REVOKED', 'IGNORED', 'REJECTED', 'STARTED', 'RECEIVED', 'PENDING', 'RETRY'}) do
    act(prefix .. 'state:' .. each)
  end
end

local function remove(ids)
  call('ZREM', tasks, unpack(ids))
  call('ZREM', expiry, unpack(ids))
  every_state(function(index) call('ZREM', index, unpack(ids)) end)
  for _, each in ipairs(call('ZRANGE', names, 0, -1)) do
    local index = prefix .. 'task:' .. each
    if call('ZREM', index, unpack(ids)) > 0 and call('EXISTS', index) == 0 then call('ZREM', names, each) end
  end
  for _, each in ipairs(ids) do call('UNLINK', prefix .. 'record:' .. each) end
end

local function make_room(surplus)
  local oldest = {}
  for _, each in ipairs({'SUCCESS', 'FAILURE', 'REVOKED', 'IGNORED', 'REJECTED'}) do
    local found = call('ZRANGE', prefix .. 'state:' .. each, 0, surplus - 1, 'WITHSCORES')
    for i = 1, #found, 2 do oldest[#oldest + 1] = {found[i], tonumber(found[i + 1])} end
  end
  table.sort(oldest, function(a, b) return a[2] < b[2] or a[2] == b[2] and a[1] < b[1] end)
  local ids, chosen = {}, {}
  for i = 1, math.min(surplus, #oldest) do
    ids[i] = oldest[i][1]
    chosen[ids[i]] = true
  end
  if #ids < surplus then
    for _, each in ipairs(call('ZRANGE', tasks, 0, surplus - 1)) do
      if #ids < surplus and not chosen[each] then ids[#ids + 1] = each end
    end
  end
  remove(ids)
end

local function cut(value)
  local last = LONGEST
  while last > LONGEST - 3 and floor(string.byte(value, last + 1) / 64) == 2 do last = last - 1 end
  return string.sub(value, 1, last)
end

if call('ZCOUNT', expiry, '-inf', now) > 0 then
  remove(call('ZRANGEBYSCORE', expiry, '-inf', now, 'LIMIT', 0, REMOVED_PER_WRITE))
end

local old
if stamp ~= '' then
  old = call('HMGET', record, 'state', 'attempt', 'name', 'created_at', 'updated_at', 'retention', stamp)
else
  old = call('HMGET', record, 'state', 'attempt', 'name', 'created_at', 'updated_at', 'retention')
end
local old_state, old_attempt, old_name, old_retention, old_stamp = old[1], tonumber(old[2] or 0), old[3], old[6], old[7]
local created_at, updated_at = old[4] or at_text, tonumber(old[5] or at)
if option == 'NX' and old_state or option == 'XX' and not old_state then return false end

-- What becomes of the given fields: all are replaced, those given overwritten, those missing filled in, or none kept.
local outcome, fields
if not old_state then
  if state == '' or name == '' then
    return redis.error_reply('ERR STATE and NAME must be given for a task that has no record yet')
  end
  outcome, fields = 'CREATED', 'replace'
elseif state == '' then
  if ARGV[6] == '' or attempt == old_attempt then outcome, fields = 'UPDATED', 'overwrite'
  else outcome, fields = 'STALE', 'ignore' end
else
  local old_rank = (old_state == 'STARTED' and 3) or (old_state == 'PENDING' and 0) or (old_state == 'RECEIVED' and 1)
    or (old_state == 'RETRY' and 2) or 4
  if attempt > old_attempt then outcome, fields = 'UPDATED', 'replace'
  elseif attempt < old_attempt then outcome, fields = 'STALE', 'ignore'
  elseif rank > old_rank or state == old_state then outcome, fields = 'UPDATED', 'overwrite'
  else outcome, fields = 'STALE', 'fill in' end
end
local applied = outcome ~= 'STALE'

if applied and name == '' then name = old_name end
if not applied then
  state, name = old_state, old_name
elseif state == '' then
  state = old_state
end

local set, gone, n = {'HSET', record}, nil, 2
local function put(field, value)
  set[n + 1], set[n + 2] = field, value
  n = n + 2
end

local is_older = old_state and at < tonumber(created_at)
if is_older then created_at = at_text end
if fields == 'replace' then
  if old_state then call('UNLINK', record) end
  put('id', id) put('name', name) put('state', state) put('attempt', attempt)
  put('created_at', created_at) put('updated_at', at_text)
  if stamp ~= '' then put(stamp, at_text) end
else
  if is_older then put('created_at', at_text) end
  if fields ~= 'ignore' and (applied or rank < 4) then
    if at > updated_at then put('updated_at', at_text) end
    if stamp ~= '' and (not old_stamp or at < tonumber(old_stamp)) then put(stamp, at_text) end
  end
  if state ~= old_state then put('state', state) end
  if name ~= old_name then put('name', name) end
end

local retention, starts_anew = old_retention, applied
if ARGV[8] ~= '' and (applied or fields == 'fill in' and not old_retention) then
  retention = ARGV[8]
  starts_anew = starts_anew or retention ~= old_retention
end
if retention and (fields == 'replace' or retention ~= old_retention) then put('retention', retention) end

local count = #ARGV
if fields == 'fill in' and count >= FIRST_FIELD then
  local asked = {'HMGET', record}
  for i = FIRST_FIELD, count, 2 do asked[#asked + 1] = ARGV[i] end
  local held = call(unpack(asked))
  for i = FIRST_FIELD, count, 2 do
    local value = ARGV[i + 1]
    if value ~= '' and not held[(i - FIRST_FIELD) / 2 + 1] then
      if #value > LONGEST then put(ARGV[i] .. '_bytes', #value) value = cut(value) end
      put(ARGV[i], value)
    end
  end
elseif fields ~= 'ignore' then
  for i = FIRST_FIELD, count, 2 do
    local field, value = ARGV[i], ARGV[i + 1]
    if value == '' then
      gone = gone or {'HDEL', record}
      gone[#gone + 1], gone[#gone + 2] = field, field .. '_bytes'
    else
      if #value > LONGEST then put(field .. '_bytes', #value) value = cut(value) end
      put(field, value)
    end
  end
end

if not old_state then
  local surplus = call('ZCARD', tasks) + 1 - MOST
  if surplus > 0 then make_room(surplus) end
end
if n > 2 then call(unpack(set)) end
if gone and old_state and fields ~= 'replace' then call(unpack(gone)) end

local state_index, task_index = prefix .. 'state:' .. state, prefix .. 'task:' .. name
if is_older or not old_state then
  call('ZADD', tasks, created_at, id)
  call('ZADD', task_index, created_at, id)
  call('ZADD', state_index, created_at, id)
end
if not old_state then
  call('ZADD', names, 'NX', 0, name)
else
  if state ~= old_state then
    call('ZREM', prefix .. 'state:' .. old_state, id)
    call('ZADD', state_index, created_at, id)
  end
  if name ~= old_name then
    local index = prefix .. 'task:' .. old_name
    call('ZREM', index, id)
    if call('EXISTS', index) == 0 then call('ZREM', names, old_name) end
    call('ZADD', task_index, created_at, id)
    call('ZADD', names, 'NX', 0, name)
  end
end
if not starts_anew then return outcome end

local span = tonumber(retention or WINDOW) * 1000
local ends_at = now + span
local ends_text = string.format('%.0f', ends_at)
call('PEXPIREAT', record, ends_text)
call('ZADD', expiry, ends_text, id)
local horizon = call('PEXPIRETIME', expiry)
if horizon < ends_at then
  horizon = ends_at + floor(span / 64)
  call('PEXPIREAT', expiry, horizon)
  call('PEXPIREAT', tasks, horizon)
  call('PEXPIREAT', names, horizon)
  every_state(function(index) call('PEXPIREAT', index, horizon) end)
  for _, each in ipairs(call('ZRANGE', names, 0, -1)) do call('PEXPIREAT', prefix .. 'task:' .. each, horizon) end
else
  if state ~= old_state and call('PEXPIRETIME', state_index) < 0 then call('PEXPIREAT', state_index, horizon) end
  if name ~= old_name and call('PEXPIRETIME', task_index) < 0 then call('PEXPIREAT', task_index, horizon) end
end
return outcome
