/** The page's icons: strokes on a 24 by 24 grid, in the colour of the text around them. */

const PATHS = {
  play: "M8 5.5v13l10.5-6.5z",
  pause: "M8.5 5.5v13M15.5 5.5v13",
  sound: "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4 4 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11",
  muted: "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM16 9.5l5 5M21 9.5l-5 5",
  full: "M9 4.5H4.5V9M15 4.5h4.5V9M9 19.5H4.5V15M15 19.5h4.5V15",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5L20 20",
  send: "M5 12h13M12.5 6l6 6-6 6",
  trash: "M5 7h14M9.5 7V4.5h5V7M7 7l.8 12.5h8.4L17 7M10.5 10.5v5.5M13.5 10.5v5.5",
  back: "M14.5 5.5L8 12l6.5 6.5",
  close: "M6.5 6.5l11 11M17.5 6.5l-11 11",
  warning: "M12 4.5L3.5 19h17zM12 10v4M12 16.5v.2",
  upload: "M12 15.5V5M7.5 9L12 4.5 16.5 9M5 15.5v4h14v-4",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6L7 7M17 17l1.4 1.4M5.6 18.4L7 17M17 7l1.4-1.4",
  moon: "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z",
  system: "M4.5 5.5h15v10.5h-15zM9 19.5h6M12 16v3.5",
  speech: "M5 5.5h14v10h-7.5L7.5 19v-3.5H5z",
  object: "M12 4l7 4v8l-7 4-7-4V8zM5 8l7 4 7-4M12 12v8",
  text: "M6 7V5.5h12V7M12 5.5v13M9.5 18.5h5",
  scene: "M4.5 6h15v12h-15zM4.5 15l4-4 4 4 2.5-2.5 4.5 4",
  caption: "M4.5 6h15v12h-15zM4.5 15l4-4 4 4 2.5-2.5 4.5 4",
  moment: "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM12 7.5V12l3 2",
  plus: "M12 5.5v13M5.5 12h13",
  camera: "M3.5 7.5h12v9h-12zM15.5 10.5l5-3v9l-5-3",
  cameraOff: "M3.5 7.5h12v9h-12zM15.5 10.5l5-3v9l-5-3M4 4l16 16",
  microphone:
    "M12 14.5a3 3 0 0 0 3-3v-5a3 3 0 0 0-6 0v5a3 3 0 0 0 3 3zM6 11.5a6 6 0 0 0 12 0M12 17.5v3",
  microphoneOff:
    "M12 14.5a3 3 0 0 0 3-3v-5a3 3 0 0 0-6 0v5a3 3 0 0 0 3 3zM6 11.5a6 6 0 0 0 12 0M12 17.5v3M4 4l16 16",
  screen: "M3.5 5h17v11.5h-17zM8 20h8M12 13.5v-5M9.5 10.5L12 8l2.5 2.5",
  hangup:
    "M4 14.5c-1-1.5-.5-3.500 1-4.500 4-2.700 10-2.700 14 0 1.500 1 2 3 1 4.500l-4-1.200v-2.300c-2.500-.8-5.500-.8-8 0v2.300z",
  settings:
    "M4 8h9M17.500 8H20M4 16h2.500M11 16h9M15.300 10.300a2.300 2.300 0 1 0 0-4.600 2.300 2.300 0 0 0 0 4.600zM8.700 18.300a2.300 2.300 0 1 0 0-4.600 2.300 2.300 0 0 0 0 4.600z",
  stop: "M7.500 7.500h9v9h-9z",
  bell: "M6 16.500v-5a6 6 0 0 1 12 0v5l1.500 2h-15zM10.500 18.500a1.500 1.500 0 0 0 3 0",
  eye: "M3 12c2.500-4.200 5.500-6.300 9-6.300s6.500 2.100 9 6.300c-2.500 4.200-5.500 6.300-9 6.300S5.500 16.200 3 12zM12 14.700a2.700 2.700 0 1 0 0-5.400 2.700 2.700 0 0 0 0 5.400z",
  eraser: "M8.500 19.500h11M4.500 15l9-9 6 6-7.500 7.500H9zM9 10.500l6 6",
  clock: "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM12 7.500V12l3 2",
  pin: "M9 4.5h6M10 4.5v5.500L7 13.500h10l-3-3.500v-5.500M12 13.500v6",
  edit: "M5 19l1-4L16 5l3 3L9 18zM14 7l3 3",
  save: "M12 4.500V15M7.500 10.500L12 15l4.500-4.500M5 15.500v4h14v-4",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
