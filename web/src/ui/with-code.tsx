/** A text of the server, which writes names, such as that of a permission, between backticks. */
export function WithCode({ text }: { text: string }) {
  // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never move
  return text.split("`").map((part, place) => (place % 2 === 1 ? <code key={place}>{part}</code> : part));
}

/** The same where there is room for text only. */
export function withoutCode(text: string): string {
  return text.replaceAll("`", "");
}
