using System.Text;

namespace BlasNet.Datasets;

/// <summary>Reads UTF-8 text, plain or gzipped, line by line, and names file and line in every error.</summary>
/// <remarks>Lines end with LF or CR LF; the last needs neither. A byte order mark is skipped. A line is kept as bytes, in one reused
/// buffer: number columns parse from it without a string, and an invalid byte is reported at its own line.</remarks>
internal sealed class LineReader(string name, Stream stream) : IDisposable
{
    /// <summary>Longer lines are taken for a file that is not text: 16 MiB.</summary>
    public const int MaximumLength = 1 << 24;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private byte[] _buffer = new byte[1 << 16];
    private char[] _characters = [];
    private int _lineStart, _lineLength, _next, _end;

    /// <exception cref="DataFormatException">The path is missing, a directory or not readable.</exception>
    public static LineReader Open(string path) => new(path, DataFile.Open(path));

    /// <summary>The number of the current line, from 1.</summary>
    public long Number { get; private set; }

    /// <summary>The current line without its end. Valid until the next <see cref="MoveNext"/>.</summary>
    public ReadOnlySpan<byte> Line => _buffer.AsSpan(_lineStart, _lineLength);

    /// <summary>The current line as a string.</summary>
    /// <exception cref="DataFormatException">It is not valid UTF-8.</exception>
    public string Text => new(Characters);

    /// <summary>The current line as characters. Valid until they are asked for again.</summary>
    /// <exception cref="DataFormatException">It is not valid UTF-8.</exception>
    public ReadOnlySpan<char> Characters
    {
        get
        {
            if (_characters.Length < _lineLength) // UTF-8 never has fewer bytes than UTF-16 has units
                _characters = new char[_buffer.Length];

            try
            {
                return _characters.AsSpan(0, StrictUtf8.GetChars(Line, _characters));
            }
            catch (DecoderFallbackException e)
            {
                throw Error("is not valid UTF-8 text", e);
            }
        }
    }

    /// <summary>Goes to the next line; false at the end of the file.</summary>
    public bool MoveNext()
    {
        int scanned = 0;

        for (; ; )
        {
            int length = _buffer.AsSpan(_next + scanned, _end - _next - scanned).IndexOf((byte)'\n');

            if (length >= 0)
                return SetLine(scanned + length, terminator: 1);

            scanned = _end - _next;

            if (!Fill())
                return scanned > 0 && SetLine(scanned, terminator: 0);
        }
    }

    /// <summary>An error in the current line.</summary>
    public DataFormatException Error(string rule, Exception? inner = null) => ErrorAt(Number, rule, inner);

    /// <summary>An error in a line read before.</summary>
    public DataFormatException ErrorAt(long line, string rule, Exception? inner = null) => DataFormatException.AtLine(name, line, rule, inner);

    /// <summary>An error of the file as a whole.</summary>
    public DataFormatException FileError(string rule) => DataFormatException.InFile(name, rule);

    public void Dispose() => stream.Dispose();

    private bool SetLine(int length, int terminator)
    {
        (_lineStart, _lineLength) = (_next, length);
        _next += length + terminator;
        Number++;

        if (Line is [.., (byte)'\r'])
            _lineLength--;

        if (Number == 1 && Line is [0xEF, 0xBB, 0xBF, ..])
            (_lineStart, _lineLength) = (_lineStart + 3, _lineLength - 3);

        return true;
    }

    /// <summary>Reads more behind the unfinished line, which moves to the front of the buffer.</summary>
    private bool Fill()
    {
        _buffer.AsSpan(_next, _end - _next).CopyTo(_buffer);
        (_next, _end) = (0, _end - _next);

        if (_end == MaximumLength)
            throw DataFormatException.AtLine(name, Number + 1, $"is longer than {MaximumLength:N0} bytes; text is expected");

        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, 2 * _buffer.Length);

        int read = stream.Read(_buffer.AsSpan(_end));
        _end += read;
        return read > 0;
    }
}
