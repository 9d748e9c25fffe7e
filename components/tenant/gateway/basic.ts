/**
 * Lua that turns `Authorization: Basic base64(user:token)` into `Bearer token`, for clients that know no bearer tokens; `jwt_authn` then
 * checks the token. The user name means nothing. At most 8 KiB are decoded, some ten times what a token of this project needs; anything
 * longer or else is left as it is, and refused by the next filter.
 */
export const basicToBearer = `local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local value = {}
for i = 1, #alphabet do value[alphabet:byte(i)] = i - 1 end

local function decode(text)
  local out, bits, held = {}, 0, 0
  for i = 1, #text do
    bits, held = (bits * 64 + value[text:byte(i)]) % 16777216, held + 6
    if held >= 8 then
      held = held - 8
      out[#out + 1] = string.char(math.floor(bits / 2 ^ held) % 256)
    end
  end
  return table.concat(out)
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local sent = headers:get("authorization")
  if sent == nil or #sent > 8192 then return end
  local encoded = sent:match("^[Bb][Aa][Ss][Ii][Cc] +([%w+/]+)=*$")
  if encoded == nil then return end
  local token = decode(encoded):match("^[^:]*:([%w%._-]+)$")
  if token ~= nil then headers:replace("authorization", "Bearer " .. token) end
end
`;
