import { useEffect, useState } from "react";

export type DeviceKind = MediaDeviceInfo["kind"];

/** The devices there are, as they come and go. Their names are known once one may be used. */
export function useDevices(): MediaDeviceInfo[] {
  const [devices, setDevices] = useState<MediaDeviceInfo[]>([]);

  useEffect(() => {
    const from = (navigator as Partial<Navigator>).mediaDevices;
    if (!from) return;
    const list = () => void from.enumerateDevices().then(setDevices, () => undefined);
    list();
    from.addEventListener("devicechange", list);
    return () => from.removeEventListener("devicechange", list);
  }, []);

  return devices.filter(({ deviceId }) => deviceId !== "");
}
