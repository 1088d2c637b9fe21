namespace BlasNet.Datasets;

/// <summary>A stream that is read from its start a second time, once its format is known: also one that cannot seek, such as a pipe.</summary>
internal sealed class RewindableStream(Stream inner) : ReadOnlyStream(inner)
{
    private byte[] _start = [];
    private int _length, _replayed;
    private bool _isRewound;
    private long _position;

    public override long Position { get => _position; set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        int read = _replayed < _length ? Replay(buffer) : _isRewound ? Inner.Read(buffer) : Record(buffer);
        _position += read;
        return read;
    }

    /// <summary>Goes back to the start; what is read after this is not kept.</summary>
    public void Rewind() => (_replayed, _position, _isRewound) = (0, 0, true);

    private int Replay(Span<byte> buffer)
    {
        int count = Math.Min(buffer.Length, _length - _replayed);
        _start.AsSpan(_replayed, count).CopyTo(buffer);
        _replayed += count;
        return count;
    }

    private int Record(Span<byte> buffer)
    {
        int read = Inner.Read(buffer);
        if (_length + read > _start.Length)
            Array.Resize(ref _start, Math.Max(_length + read, 2 * _start.Length));

        buffer[..read].CopyTo(_start.AsSpan(_length));
        _length += read;
        _replayed = _length;
        return read;
    }
}
