/** A cell of a table on its way to a file. */
export type CsvCell = string | number | boolean | null | undefined;

// A spreadsheet runs a cell that starts with one of these; a quote in front keeps it text. Plain numbers stay numbers.
const FORMULA = /^[=+\-@\t\r]/;
const NUMBER = /^[+-]?\d+([.,]\d+)*%?$/;

function cell(value: CsvCell): string {
  if (value === null || value === undefined) return "";
  let text = String(value);
  if (typeof value === "string" && FORMULA.test(text) && !NUMBER.test(text)) text = `'${text}`;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The text of a CSV file (RFC 4180), safe to open in a spreadsheet. */
export function csvText(header: string[], rows: CsvCell[][]): string {
  return [header, ...rows].map((row) => row.map(cell).join(",")).join("\r\n");
}

/** Hands a text to the browser as a download. */
export function download(name: string, text: string, type = "text/csv;charset=utf-8"): void {
  // The mark at the start makes spreadsheets read the file as UTF-8.
  const url = URL.createObjectURL(new Blob([type.startsWith("text/csv") ? "\uFEFF" : "", text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
