/** Lists that the browser knows. */

import type { Option } from "#/ui/select.tsx";

function supported(what: "currency" | "timeZone"): string[] {
  return Intl.supportedValuesOf(what);
}

/** Every currency, by code and name; the common ones first. */
export function currencyOptions(): Option<string>[] {
  const names = new Intl.DisplayNames(undefined, { type: "currency" });
  const common = ["EUR", "USD", "GBP", "CHF"];
  const rest = supported("currency").filter((code) => !common.includes(code));
  return [...common, ...rest].map((code) => ({ value: code, label: `${code} · ${names.of(code) ?? code}` }));
}

/** Every time zone, the browser's own first. */
export function zoneOptions(): Option<string>[] {
  const own = browserZone();
  const zones = supported("timeZone").filter((zone) => zone !== own && zone !== "UTC");
  return [own, ...(own === "UTC" ? [] : ["UTC"]), ...zones].map((zone) => ({
    value: zone,
    label: zone.replaceAll("_", " "),
  }));
}

/** The time zone of this device. */
export function browserZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

const REGIONS: Record<string, string> = {
  US: "USD",
  GB: "GBP",
  CH: "CHF",
  CA: "CAD",
  AU: "AUD",
  JP: "JPY",
  IN: "INR",
  SE: "SEK",
};

/** A first guess of the currency, from the language of the browser. */
export function browserCurrency(): string {
  const region = new Intl.Locale(navigator.language).maximize().region ?? "";
  return REGIONS[region] ?? "EUR";
}
