using System.Numerics;
using BlasNet.Memory;

namespace BlasNet.Rounds;

/// <summary>Memory for the values of all rounds of a microbatch, one piece after another; kept for the next microbatch.</summary>
internal sealed unsafe class RoundMemory<T> : IDisposable where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const long LeastLength = 1 << 18;   // of a block

    private readonly List<NativeBuffer<T>> _blocks = [];
    private int _block;    // the one that pieces are taken from,
    private long _used;    // and how much of it is
    private long _before;  // elements of the blocks before it

    /// <summary>Bytes in use.</summary>
    public long Bytes => (_before + _used) * sizeof(T);

    /// <summary>Bytes of all blocks.</summary>
    public long HeldBytes => _blocks.Sum(block => block.Bytes);

    /// <summary>Takes all pieces back.</summary>
    public void Clear() => (_block, _used, _before) = (0, 0, 0);

    /// <summary>A piece that stays until all are taken back; not cleared.</summary>
    public T* Take(long length)
    {
        length = (length + 15) / 16 * 16;   // whole cache lines
        while (_block < _blocks.Count && _blocks[_block].Length - _used < length)
        {
            _before += _used;
            (_block, _used) = (_block + 1, 0);
        }

        if (_block == _blocks.Count)
            _blocks.Add(new NativeBuffer<T>(Math.Max(length, LeastLength)));

        T* piece = _blocks[_block].Pointer + _used;
        _used += length;
        return piece;
    }

    public void Dispose()
    {
        foreach (NativeBuffer<T> block in _blocks)
            block.Dispose();

        _blocks.Clear();
    }
}
