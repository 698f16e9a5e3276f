/** A channel has one colour everywhere, assigned by its name. */

const STEPS: Record<string, number> = {
  "Organic Search": 3,
  "Paid Search": 1,
  "Organic Social": 6,
  "Paid Social": 2,
  Email: 4,
  Direct: 11,
  Referral: 9,
  Display: 7,
  "AI Assistants": 8,
  "AI Assistant": 8,
  Affiliates: 10,
  "Organic Video": 12,
  "Paid Video": 5,
  "Cross-network": 5,
  "Organic Shopping": 9,
  "Paid Shopping": 10,
  "Paid Other": 7,
  Audio: 12,
  SMS: 8,
  "Mobile Push Notifications": 12,
  Events: 10,
};

const GREY = new Set(["Unassigned", "Other", "other", "(not set)", ""]);

/** How many colours there are before they repeat. */
export const CHANNEL_STEPS = 12;

/** The step of the palette for a name, 1 to 12; 0 is the grey of "other". */
export function channelStep(name: string): number {
  const known = STEPS[name];
  if (known !== undefined) return known;
  if (GREY.has(name)) return 0;
  let hash = 2166136261;
  for (const letter of name) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 16777619) >>> 0;
  return (hash % CHANNEL_STEPS) + 1;
}

/** Whether a name is that of a channel of the default group. */
export function isChannel(name: string): boolean {
  return name in STEPS || GREY.has(name);
}

/** The colour of a name, as a reference to its token. */
export function channelColour(name: string): string {
  const step = channelStep(name);
  return step === 0 ? "var(--channel-other)" : `var(--channel-${step})`;
}
