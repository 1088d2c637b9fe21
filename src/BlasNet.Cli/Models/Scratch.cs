using System.Buffers;

namespace BlasNet.Cli.Models;

/// <summary>Room for what is computed of one example, which goes back to a pool: building a graph leaves nothing to collect.</summary>
internal readonly ref struct Scratch<T>(int length) : IDisposable
{
    private readonly T[] _rented = ArrayPool<T>.Shared.Rent(length);

    public Span<T> Span => _rented.AsSpan(0, length);

    public void Dispose() => ArrayPool<T>.Shared.Return(_rented, clearArray: true);
}
