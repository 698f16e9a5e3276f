import { MutationObserver, QueryClient } from "@tanstack/react-query";
import { describe, expect, it } from "vitest";
import { mappingSaved } from "./queries.ts";

/** A save that ends when it is told to. */
function save(queries: QueryClient, id: string) {
  let end: (failed: boolean) => void = () => undefined;
  const work = new Promise<void>((resolve, reject) => {
    end = (failed) => (failed ? reject(new Error("refused")) : resolve());
  });
  const one = new MutationObserver(queries, { mutationKey: ["import-mapping", id], mutationFn: () => work });
  one.mutate().catch(() => undefined);
  return end;
}

describe("the check of a file", () => {
  it("waits for every save of its own mapping", async () => {
    const queries = new QueryClient();
    const [first, second] = [save(queries, "imp_1"), save(queries, "imp_1")];
    save(queries, "imp_2");
    let saved = false;
    const wait = mappingSaved(queries, "imp_1").then(() => {
      saved = true;
    });
    first(false);
    await new Promise((resolve) => setTimeout(resolve));
    expect(saved).toBe(false);
    second(false);
    await wait;
    expect(saved).toBe(true);
  });

  it("does not start on a mapping that was refused", async () => {
    const queries = new QueryClient();
    const end = save(queries, "imp_1");
    const wait = mappingSaved(queries, "imp_1");
    end(true);
    await expect(wait).rejects.toThrow("was not saved");
  });
});
