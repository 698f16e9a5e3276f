// What every SDK must achieve: each of the five calls is stored exactly once, and belongs to the right person.
import assert from "node:assert/strict";
import { until } from "./server.mjs";

const NAMES = { identify: "Identified", track: "Order placed", page: "Page viewed", group: "Grouped", alias: "Aliased" };

/** Waits for the five calls of a user, and checks that each is there once. */
export async function expectEachOnce(server, user, calls = Object.keys(NAMES)) {
  const ofUser = async () => {
    const all = await server.fates();
    return all.filter((fate) => fate.user_id === user || fate.user_id === `${user}-new`);
  };
  const stored = (fates) => fates.filter((fate) => ["accepted", "suspicious"].includes(fate.status));
  await until(async () => {
    const found = stored(await ofUser());
    return calls.every((call) => found.some((fate) => fate.kind === call));
  }, `the five calls of ${user}`, 90_000);
  const fates = await ofUser();
  for (const call of calls) {
    const found = stored(fates).filter((fate) => fate.kind === call);
    assert.equal(found.length, 1, `${call} of ${user} is stored ${found.length} times`);
    assert.equal(found[0].name, NAMES[call]);
    assert.ok(found[0].person, `${call} of ${user} has a person`);
    const detail = await server.detail(found[0].offset);
    assert.equal(detail.raw.messageId, found[0].message_id, "the message is kept as it was sent");
    assert.ok(!JSON.stringify(detail).includes(server.writeKey), "the write key is not kept");
    if (call === "track") {
      assert.equal(detail.properties.revenue, 49.5);
      assert.equal(detail.value, "49.5");
      assert.equal(detail.currency, "EUR");
    }
    if (call === "identify") assert.equal(detail.properties.email, `${user}@example.org`);
    if (call === "group") assert.equal(detail.raw.groupId, `${user}-company`);
  }
  assert.equal(fates.filter((fate) => fate.status === "rejected").length, 0, "nothing is rejected");
  return fates;
}
