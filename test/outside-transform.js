"use strict";
// In the place of a module that unit tests share (test/outside-environment.js).
module.exports = {
  process: (_source, file) => ({ code: `module.exports = loadOutside(${JSON.stringify(file)});` }),
  getCacheKey: (_source, file) => `outside ${file}`,
};
