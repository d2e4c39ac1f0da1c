import { t } from "../strings";
import { useTheme } from "../theme";
import { Icon } from "./Icon";

const ICONS = { system: "system", light: "sun", dark: "moon" } as const;

export function ThemeToggle() {
  const [theme, next] = useTheme();
  const label = t(`theme.${theme}`);
  return (
    <button type="button" className="icon-button" onClick={next} aria-label={label} title={label}>
      <Icon name={ICONS[theme]} />
    </button>
  );
}
