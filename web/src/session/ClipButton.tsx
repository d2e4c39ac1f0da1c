import { useEffect, useRef, useState } from "react";

import { clipUrl } from "../api/client";
import { span } from "../format";
import { t } from "../strings";
import { ErrorNote } from "../ui/ErrorNote";
import { Icon } from "../ui/Icon";
import type { Highlight } from "./usePlayhead";

/** A little is shown on either side, so that nothing begins in the middle of a word. */
const AROUND_S = 1;
const LONGEST_S = 60;

/** The seconds on show as a film. */
export function ClipButton({ id, highlight }: { id: string; highlight: Highlight | null }) {
  const [open, setOpen] = useState(false);
  if (highlight === null) return null;
  const name = span(highlight.start_s, highlight.end_s);
  const start_s = Math.max(0, highlight.start_s - AROUND_S);
  const end_s = Math.min(start_s + LONGEST_S, highlight.end_s + AROUND_S);
  return (
    <>
      <button type="button" className="button small" onClick={() => setOpen(true)}>
        <Icon name="play" size={15} />
        {t("clip.play", { span: name })}
      </button>
      {open && (
        <ClipDialog
          address={clipUrl(id, start_s, end_s)}
          name={name}
          onClose={() => setOpen(false)}
        />
      )}
    </>
  );
}

function ClipDialog(props: { address: string; name: string; onClose: () => void }) {
  const { address, name, onClose } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const [broken, setBroken] = useState(false);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className="dialog clip-dialog"
      aria-label={t("clip.label", { span: name })}
      onCancel={onClose}
    >
      {broken ? (
        <ErrorNote message={t("clip.none")} />
      ) : (
        <video src={address} controls autoPlay playsInline onError={() => setBroken(true)} />
      )}
      <div className="dialog-actions">
        {!broken && (
          <a className="button" href={address} download={`${name}.mp4`}>
            <Icon name="save" size={18} />
            {t("clip.save")}
          </a>
        )}
        <button type="button" className="button primary" onClick={onClose}>
          {t("clip.stop")}
        </button>
      </div>
    </dialog>
  );
}
