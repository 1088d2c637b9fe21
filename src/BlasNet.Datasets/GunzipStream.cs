using System.Buffers;
using System.IO.Compression;

namespace BlasNet.Datasets;

/// <summary>Unzips gzip data, of one or several members, and throws <see cref="InvalidDataException"/> where it is damaged or cut off.</summary>
/// <remarks><see cref="GZipStream"/> checks sums but ends quietly where its input ends (.NET 10), so that half a file would be read as a shorter
/// one. Therefore one more member, <see cref="Seal"/>, is put behind the input: only behind complete data does it come out whole. Behind the last member
/// there may be padding, as tools leave it that write whole blocks or lines: zeros and line ends. <see cref="GZipStream"/> stops in front of it.</remarks>
internal sealed class GunzipStream : ReadOnlyStream
{
    private static readonly byte[] Seal = [0xB1, 0xA5, 0x4E, 0x37, 0x90, 0x1C, 0x6D, 0xF2, 0x58, 0xC3, 0x07, 0xEA, 0x2B, 0x84, 0xD9, 0x76];
    private static readonly byte[] ZippedSeal = Zip(Seal);

    private readonly SealedStream _input;
    private readonly byte[] _buffer = new byte[1 << 16];
    private int _start, _end;
    private bool _hasEnded;

    public GunzipStream(Stream zipped)
        : this(new SealedStream(zipped))
    {
    }

    private GunzipStream(SealedStream input)
        : base(new GZipStream(input, CompressionMode.Decompress)) => _input = input;

    public override int Read(Span<byte> buffer)
    {
        // The last bytes are held back: they may be the seal.
        while (!_hasEnded && _end - _start <= Seal.Length)
            Fill();

        int count = Math.Min(buffer.Length, _end - _start - (_hasEnded ? 0 : Seal.Length));
        _buffer.AsSpan(_start, count).CopyTo(buffer);
        _start += count;
        return count;
    }

    private void Fill()
    {
        ReadOnlySpan<byte> held = _buffer.AsSpan(_start, _end - _start);
        held.CopyTo(_buffer);
        (_start, _end) = (0, held.Length);

        int read = ReadChecked(_buffer.AsSpan(_end));
        _end += read;
        _hasEnded = read == 0;

        if (!_hasEnded)
            return;

        if (_buffer.AsSpan(0, _end).EndsWith(Seal))
            _end -= Seal.Length;
        else if (!_input.EndsWithPadding())
            throw new InvalidDataException("the data ends early, or goes on with something that is not gzip.");
    }

    // GZipStream's own text for a wrong checksum speaks of a compression method (.NET 10).
    private int ReadChecked(Span<byte> buffer)
    {
        try
        {
            return Inner.Read(buffer);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException("what is unzipped does not fit its checksum, or cannot be unzipped.", e);
        }
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
        private static readonly SearchValues<byte> Padding = SearchValues.Create("\0\r\n"u8);

        private readonly byte[] _block = new byte[1 << 14];
        private int _next, _end, _sealRead;
        private bool _wasPadding;

        /// <summary>Takes the padding at the end of a block apart from what is before it.</summary>
        public override int Read(Span<byte> buffer)
        {
            if (_next == _end)
                (_next, _end) = (0, Inner.Read(_block));

            if (_next == _end)
                return ReadSeal(buffer);

            ReadOnlySpan<byte> rest = _block.AsSpan(_next, _end - _next);
            int length = rest.LastIndexOfAnyExcept(Padding) + 1;
            _wasPadding = length == 0;
            rest = rest[..Math.Min(buffer.Length, _wasPadding ? rest.Length : length)];
            rest.CopyTo(buffer);
            _next += rest.Length;
            return rest.Length;
        }

        /// <summary>Whether there is only padding from the byte on at which the unzipping has stopped.</summary>
        public bool EndsWithPadding()
        {
            if (_sealRead > 0)
                return false;

            for (int read = Inner.Read(_block); read > 0 && _wasPadding; read = Inner.Read(_block))
                _wasPadding = !_block.AsSpan(0, read).ContainsAnyExcept(Padding);

            return _wasPadding;
        }

        private int ReadSeal(Span<byte> buffer)
        {
            int read = Math.Min(buffer.Length, ZippedSeal.Length - _sealRead);
            ZippedSeal.AsSpan(_sealRead, read).CopyTo(buffer);
            _sealRead += read;
            return read;
        }
    }
}
