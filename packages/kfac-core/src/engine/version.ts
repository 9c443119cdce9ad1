/** Version of both engines; a native addon of another version is not loaded. */
export const ENGINE_VERSION = '0.1.0';
