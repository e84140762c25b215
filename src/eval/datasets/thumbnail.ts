const EDGE = 240;

/** A small JPEG of a picture as a `data:` address; undefined if the picture is not there or cannot be read. */
export async function readThumbnail(file: string): Promise<string | undefined> {
  const { default: sharp } = await import('sharp');
  try {
    const small = await sharp(file)
      .rotate()
      .resize(EDGE, EDGE, { fit: 'inside', withoutEnlargement: true })
      .jpeg({ quality: 70 })
      .toBuffer();
    return `data:image/jpeg;base64,${small.toString('base64')}`;
  } catch {
    // A report without a picture is still a report.
    return undefined;
  }
}
