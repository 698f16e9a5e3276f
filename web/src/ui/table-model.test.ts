import { describe, expect, it } from "vitest";
import { type Column, compareRows, exported } from "./table-model.ts";

interface Deal {
  name: string;
  amount: number;
  currency: string;
}

const AMOUNT: Column<Deal> = {
  id: "amount",
  header: "Amount",
  value: (deal) => deal.amount,
  currency: (deal) => deal.currency,
};

const NAME: Column<Deal> = { id: "name", header: "Deal", value: (deal) => deal.name };

const deals: Deal[] = [
  { name: "a", amount: 900, currency: "USD" },
  { name: "b", amount: 1000, currency: "EUR" },
  { name: "c", amount: 50, currency: "EUR" },
];

describe("amounts of several currencies", () => {
  it("are ordered within their own currency only", () => {
    const names = [...deals].sort((a, b) => compareRows(AMOUNT, a, b)).map((deal) => deal.name);
    expect(names).toEqual(["c", "b", "a"]);
  });

  it("are followed by their currency in a file", () => {
    expect(exported([NAME, AMOUNT], deals.slice(0, 1))).toEqual({
      header: ["Deal", "Amount", "Amount currency"],
      body: [["a", 900, "USD"]],
    });
  });
});
