import { describe, expect, it } from "vitest";
import { isFinal, JOB_STATES, type Job, secondsLeft } from "./queries.ts";

const job = (part: Partial<Job>): Job => ({
  id: "job_1",
  kind: "import.apply",
  state: "running",
  done: 0,
  total: 0,
  note: "",
  error: null,
  attempts: 1,
  cancelling: false,
  requested_by: "user:usr_1",
  created_at: "2026-01-01T00:00:00Z",
  started_at: "2026-01-01T00:00:00Z",
  finished_at: null,
  ...part,
});
const passed = (seconds: number) => Date.parse("2026-01-01T00:00:00Z") + seconds * 1000;

describe("the time that is left", () => {
  it("follows the pace so far", () => {
    expect(secondsLeft(job({ done: 25, total: 100 }), passed(10))).toBe(30);
  });

  it("is not guessed before there is a pace", () => {
    expect(secondsLeft(job({ total: 100 }), passed(10))).toBeUndefined();
    expect(secondsLeft(job({ done: 5, total: 100 }), passed(0.5))).toBeUndefined();
    expect(secondsLeft(job({ done: 5, total: 0 }), passed(10))).toBeUndefined();
    expect(secondsLeft(job({ done: 5, total: 9, started_at: null }), passed(10))).toBeUndefined();
  });

  it("is none once the job has ended", () => {
    const ended = JOB_STATES.filter(isFinal);
    expect(ended).toEqual(["done", "failed", "cancelled"]);
    for (const state of ended) expect(secondsLeft(job({ state, done: 5, total: 10 }), passed(10))).toBeUndefined();
  });
});
