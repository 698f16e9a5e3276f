const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Reads JSON; a whole number that this language cannot hold exactly becomes the text it is written as. */
export function exactJson(text: string): unknown {
  // Most answers have no such number, and are read as they are.
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  const exact = text.replaceAll(TOKENS, (token) => {
    const whole = /^-?\d+$/.test(token);
    return whole && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token;
  });
  return JSON.parse(exact);
}
