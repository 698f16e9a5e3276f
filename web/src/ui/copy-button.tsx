import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "./button.tsx";
import { IconButton } from "./icon-button.tsx";

interface CopyButtonProps {
  text: string;
  /** What is copied, for example "write key". */
  what: string;
  /** Shows the words, not the icon alone. */
  words?: boolean;
}

/** Puts a text on the clipboard and says so. */
export function CopyButton({ text, what, words = false }: CopyButtonProps) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () => void copyText(text).then(setCopied);
  const icon = copied ? <Check size={14} aria-hidden="true" /> : <Copy size={14} aria-hidden="true" />;
  return (
    <>
      {words ? (
        <Button size="small" icon={icon} onClick={copy}>
          {copied ? "Copied" : `Copy ${what}`}
        </Button>
      ) : (
        <IconButton size="small" label={copied ? "Copied" : `Copy ${what}`} icon={icon} onClick={copy} />
      )}
      <span className="visually-hidden" role="status">
        {copied ? `Copied ${what}` : ""}
      </span>
    </>
  );
}

/** Copies a text, also on an address without TLS, where the clipboard interface is closed. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.setAttribute("readonly", "");
    area.className = "visually-hidden";
    // Inside an open dialog, because a dialog takes the focus back from anything outside it.
    (document.activeElement?.closest("[role=dialog]") ?? document.body).append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    return copied;
  }
}
