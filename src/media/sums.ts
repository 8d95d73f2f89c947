/**
 * SHA-256 of the programs that the package `ffmpeg-static` 5.3.0 downloads when it is installed (its release b6.1.1), by
 * platform. The package checks none. They are those that other projects have published for these files, many of them
 * independently of each other.
 */
export const bundledSums: Record<string, string> = {
  'linux-x64': 'e7e7fb30477f717e6f55f9180a70386c62677ef8a4d4d1a5d948f4098aa3eb99',
  'linux-arm64': '6bb182d0d75d23028db82e9e4f723ca69b853d055698486e6984ddb2c06fb8ce',
  'darwin-x64': 'ebdddc936f61e14049a2d4b549a412b8a40deeff6540e58a9f2a2da9e6b18894',
  'darwin-arm64': 'a90e3db6a3fd35f6074b013f948b1aa45b31c6375489d39e572bea3f18336584'
}
