"use strict";
// node --require: every process of ours believes that it is CLOCK_OFFSET_SECONDS later (earlier, where negative) than it is.
const offset = Number(process.env.CLOCK_OFFSET_SECONDS ?? 0) * 1000;
const Real = Date;
globalThis.Date = class Date extends Real {
  constructor(...given) {
    if (given.length === 0) super(Real.now() + offset);
    else super(...given);
  }

  static now() {
    return Real.now() + offset;
  }
};
