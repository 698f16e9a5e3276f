import { afterEach, describe, expect, it } from "vitest";
import { addWorkspace, currentWorkspace, enterWorkspace, stripWorkspace } from "./workspace.ts";

const at = (path: string) => new URL(path, "https://mainspring.example");

afterEach(() => enterWorkspace(undefined));

describe("the workspace in the address", () => {
  it("is taken out on the way in and put back on the way out", () => {
    const inside = stripWorkspace(at("/w/acme/people?q=ann"));
    expect(inside.pathname + inside.search).toBe("/people?q=ann");
    expect(currentWorkspace()).toBe("acme");
    expect(addWorkspace(at("/people?q=ann")).pathname).toBe("/w/acme/people");
  });

  it("stands alone on the first page", () => {
    expect(stripWorkspace(at("/w/acme")).pathname).toBe("/");
    expect(addWorkspace(at("/")).pathname).toBe("/w/acme");
  });

  it("is not added twice, and never to the pages before somebody is signed in", () => {
    enterWorkspace("acme");
    expect(addWorkspace(at("/w/acme/people")).pathname).toBe("/w/acme/people");
    expect(addWorkspace(at("/sign-in")).pathname).toBe("/sign-in");
    expect(addWorkspace(at("/welcome")).pathname).toBe("/welcome");
  });

  it("leaves a path that only begins alike", () => {
    expect(stripWorkspace(at("/wide")).pathname).toBe("/wide");
    expect(stripWorkspace(at("/w/Not A Slug/x")).pathname).toBe("/w/Not%20A%20Slug/x");
  });
});
