import { useState, type DragEvent } from "react";

import { bytes } from "../format";
import { t } from "../strings";
import { Icon } from "../ui/Icon";

/** A file to upload: chosen in a dialog, or dropped. */
export function FileField({
  file,
  onFile,
}: {
  file: File | null;
  onFile: (file: File | null) => void;
}) {
  const [over, setOver] = useState(false);

  function drop(event: DragEvent): void {
    event.preventDefault();
    setOver(false);
    onFile(event.dataTransfer.files[0] ?? file);
  }

  return (
    <label
      className="drop"
      data-over={over}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <input
        type="file"
        accept="video/*,audio/*,.mkv,.ts"
        onChange={(event) => onFile(event.target.files?.[0] ?? null)}
      />
      <Icon name="upload" size={24} />
      <span>
        <strong>{file === null ? t("watch.choose") : file.name}</strong>
        <span className="quiet">{file === null ? t("watch.drop") : bytes(file.size)}</span>
      </span>
    </label>
  );
}
