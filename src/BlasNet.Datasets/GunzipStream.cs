using System.IO.Compression;

namespace BlasNet.Datasets;

/// <summary>Unzips gzip data, of one or several members, and throws <see cref="InvalidDataException"/> where it is damaged or cut off.</summary>
/// <remarks><see cref="GZipStream"/> checks sums but ends quietly where its input ends (.NET 10), so that half a file would be read as a shorter
/// one. Therefore one more member, <see cref="Seal"/>, is put behind the input: only behind complete data does it come out whole.</remarks>
internal sealed class GunzipStream(Stream zipped) : ReadOnlyStream(new GZipStream(new SealedStream(zipped), CompressionMode.Decompress))
{
    private static readonly byte[] Seal = [0xB1, 0xA5, 0x4E, 0x37, 0x90, 0x1C, 0x6D, 0xF2, 0x58, 0xC3, 0x07, 0xEA, 0x2B, 0x84, 0xD9, 0x76];
    private static readonly byte[] ZippedSeal = Zip(Seal);

    private readonly byte[] _buffer = new byte[1 << 16];
    private int _start, _end;

    public override int Read(Span<byte> buffer)
    {
        // The last bytes are held back: they may be the seal.
        while (_end - _start <= Seal.Length)
        {
            if (!Fill())
                return 0;
        }

        int count = Math.Min(buffer.Length, _end - _start - Seal.Length);
        _buffer.AsSpan(_start, count).CopyTo(buffer);
        _start += count;
        return count;
    }

    private bool Fill()
    {
        ReadOnlySpan<byte> held = _buffer.AsSpan(_start, _end - _start);
        held.CopyTo(_buffer);
        (_start, _end) = (0, held.Length);

        int read = Inner.Read(_buffer.AsSpan(_end));
        _end += read;

        return read > 0 ? true
            : _buffer.AsSpan(0, _end).SequenceEqual(Seal) ? false
            : throw new InvalidDataException("the data ends early.");
    }

    private static byte[] Zip(byte[] bytes)
    {
        using var zipped = new MemoryStream();

        using (var gzip = new GZipStream(zipped, CompressionLevel.NoCompression))
            gzip.Write(bytes);

        return zipped.ToArray();
    }

    /// <summary>The input, and behind it the seal.</summary>
    private sealed class SealedStream(Stream input) : ReadOnlyStream(input)
    {
        private int _sealRead;

        public override int Read(Span<byte> buffer)
        {
            int read = Inner.Read(buffer);

            if (read == 0 && !buffer.IsEmpty)
            {
                read = Math.Min(buffer.Length, ZippedSeal.Length - _sealRead);
                ZippedSeal.AsSpan(_sealRead, read).CopyTo(buffer);
                _sealRead += read;
            }

            return read;
        }
    }
}
