-- Refuses JSON bodies that are not JSON (RFC 8259) or hold keys that the method does not take. SHAPES and PATHS are
-- told in udb/edge/bodies.py. What a value of a known key must look like is left to the transcoder.

local byte, find, sub = string.byte, string.find, string.sub

local QUOTE, BACKSLASH, COMMA, COLON = 34, 92, 44, 58
local OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT = 91, 93, 123, 125
local OPAQUE = 0
-- Servers parse 100 levels of messages, and an object within a google.protobuf.Struct takes three of them.
local MAX_DEPTH = 32

local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

-- Every reader below takes the text and a position and gives the position after what it read, or nil and a sentence.

local function broken(position)
  return nil, "The body is not valid JSON at byte " .. position .. "."
end

local function string_end(text, position)
  local from = position + 1
  while true do
    local found = find(text, '["\\%c]', from)
    local char = found and byte(text, found)
    if char == QUOTE then
      return found + 1
    elseif char == BACKSLASH and find(text, '^["\\/bfnrt]', found + 1) then
      from = found + 2
    elseif char == BACKSLASH and find(text, "^u%x%x%x%x", found + 1) then
      from = found + 6
    elseif char == 127 then
      from = found + 1
    else
      return broken(found or #text + 1)
    end
  end
end

-- Keys are ASCII, so only escapes of ASCII characters can spell a known key.
local function unescape(key)
  if not find(key, "\\", 1, true) then
    return key
  end
  key = key:gsub("\\u00(%x%x)", function(code) return string.char(tonumber(code, 16)) end)
  return (key:gsub("\\(.)", function(char) return ESCAPES[char] or char end))
end

local function skip_blank(text, position)
  return find(text, "[^ \t\r\n]", position) or #text + 1
end

local function is_scalar(token)
  if token == "true" or token == "false" or token == "null" then
    return true
  end
  local whole, rest = token:match("^%-?(%d+)(.*)$")
  if not whole or find(whole, "^0%d") then
    return false
  end
  return rest:gsub("^%.%d+", ""):gsub("^[eE][+-]?%d+", "") == ""
end

local read_value

local function read_list(text, position, shape, depth)
  position = skip_blank(text, position + 1)
  if byte(text, position) == CLOSE_LIST then
    return position + 1
  end
  while true do
    local after, problem = read_value(text, position, shape, depth)
    if not after then
      return nil, problem
    end
    position = skip_blank(text, after)
    local char = byte(text, position)
    if char == CLOSE_LIST then
      return position + 1
    elseif char ~= COMMA then
      return broken(position)
    end
    position = skip_blank(text, position + 1)
  end
end

local function shape_of(shape, key)
  if shape == OPAQUE then
    return OPAQUE
  elseif shape < 0 then
    return -shape
  end
  return SHAPES[shape][unescape(key)]
end

local function read_object(text, position, shape, depth)
  position = skip_blank(text, position + 1)
  if byte(text, position) == CLOSE_OBJECT then
    return position + 1
  end
  while true do
    if byte(text, position) ~= QUOTE then
      return broken(position)
    end
    local after, problem = string_end(text, position)
    if not after then
      return nil, problem
    end
    local key = sub(text, position + 1, after - 2)
    local inner = shape_of(shape, key)
    if not inner then
      return nil, 'The body has the unknown field "' .. sub(key, 1, 80) .. '". Look up its fields in the API reference.'
    end
    position = skip_blank(text, after)
    if byte(text, position) ~= COLON then
      return broken(position)
    end
    after, problem = read_value(text, skip_blank(text, position + 1), inner, depth)
    if not after then
      return nil, problem
    end
    position = skip_blank(text, after)
    local char = byte(text, position)
    if char == CLOSE_OBJECT then
      return position + 1
    elseif char ~= COMMA then
      return broken(position)
    end
    position = skip_blank(text, position + 1)
  end
end

read_value = function(text, position, shape, depth)
  local char = byte(text, position)
  if char == QUOTE then
    return string_end(text, position)
  elseif char == OPEN_OBJECT or char == OPEN_LIST then
    if depth == MAX_DEPTH then
      return nil, "The body is nested too deeply. Nest at most " .. MAX_DEPTH .. " levels."
    end
    local read = char == OPEN_OBJECT and read_object or read_list
    return read(text, position, shape, depth + 1)
  end
  local _, last = find(text, "^[%w+.-]+", position)
  if not last or not is_scalar(sub(text, position, last)) then
    return broken(position)
  end
  return last + 1
end

-- What is wrong with the body, or nil.
local function check(text, shape)
  if text == "" then
    return nil
  end
  local start = skip_blank(text, 1)
  if byte(text, start) ~= OPEN_OBJECT then
    return "The body must be a JSON object."
  end
  local after, problem = read_value(text, start, shape, 0)
  if after and skip_blank(text, after) <= #text then
    _, problem = broken(skip_blank(text, after))
  end
  return problem
end

local function find_shape(method, path)
  local tree = PATHS[method]
  for segment in path:match("^[^?]*"):gmatch("[^/]+") do
    if not tree then
      return nil
    end
    local step = tree[segment]
    if not step then
      local name, verb = segment:match("^(.*)(:[^:]*)$")
      step = tree[name] or tree["*"]
      if verb and step and step[verb] then
        step = step[verb]
      end
    end
    tree = step
  end
  return tree and tree["/"]
end

function envoy_on_request(request)
  local headers = request:headers()
  local shape = find_shape(headers:get(":method"), headers:get(":path"))
  local body = shape and shape ~= OPAQUE and request:body()
  if body then
    local problem = check(body:getBytes(0, body:length()), shape)
    if problem then
      request:respond({ [":status"] = "400" }, problem)
    end
  end
end
