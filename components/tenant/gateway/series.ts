/**
 * Lua that turns Cortex' answer at a tenant's limit of series, 400, into 429 with Retry-After: clients take 400 for bad data and drop it. Only that
 * answer of a short, whole body: the first `user=` in it is the ingester's own (`rpc error: ... desc = user=prod: per-user series limit of 10
 * exceeded, ...`, Cortex v1.21.1, pkg/ingester/limiter.go), and what follows must be the limit, whatever a series of bad data is called that a
 * later part of the text may quote. Bad data stays 400, as clients would send it again for ever.
 */
export function seriesLimit(retryAfter: number): string {
  return `function envoy_on_response(handle)
  local headers = handle:headers()
  if headers:get(":status") ~= "400" then return end
  local length = tonumber(headers:get("content-length"))
  if length == nil or length > 8192 then return end
  local buffer = handle:body()
  if buffer == nil then return end
  local text = buffer:getBytes(0, buffer:length())
  local start = text:find("user=", 1, true)
  if start == nil or text:match("^user=%S+: per%-user [%a ]*series limit of %d+ exceeded", start) == nil then return end
  -- Waiting for the body has ended the life of the headers that were got before.
  handle:headers():replace(":status", "429")
  handle:headers():replace("retry-after", "${retryAfter}")
end
`;
}
