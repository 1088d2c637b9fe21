using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BlasNet.Graphs;

/// <summary>The numbers that examples bring with them, one pool of columns for each operator and number of rows.</summary>
/// <remarks>The columns of one pool lie one after another in the order in which they were added, so a stack of all of them is a view, whatever numbers
/// of columns the values have: data is copied once, when the user hands it over. Pinned arrays: their addresses are stable, and nobody has to dispose
/// of them.</remarks>
internal sealed class DataPools(Precision precision)
{
    private const int Alignment = 64;

    private sealed class Pool(Operator op, int rows)
    {
        public readonly Operator Operator = op;
        public readonly int Rows = rows;
        public byte[] Bytes = [];
        public nint Address;   // the first aligned one of them
        public int Count;      // columns
    }

    private const int Lent = 1 << 30;   // in the number of a pool whose memory is somebody else's

    private readonly List<Pool> _pools = [];
    private readonly List<(nint Address, int Rows)> _lent = [];
    private readonly int _elementBytes = precision.ElementBytes();

    /// <summary>How many bytes all values may take.</summary>
    public long Limit { get; set; } = long.MaxValue;

    public void Clear()
    {
        foreach (Pool pool in _pools)
            pool.Count = 0;

        _lent.Clear();
    }

    /// <summary>Takes columns that lie elsewhere as a pool of their own, until the pools are cleared; nothing is copied.</summary>
    /// <param name="address">Of the first column.</param>
    /// <param name="rows">Of a column.</param>
    /// <returns>The attribute of a node that stands for the columns from the first one on.</returns>
    public long Borrow(nint address, int rows)
    {
        _lent.Add((address, rows));
        return (long)(Lent | (_lent.Count - 1)) << 32;
    }

    /// <summary>Takes the columns of other pools from one on, in the same way.</summary>
    /// <param name="lender">The other pools, which must not grow meanwhile.</param>
    /// <param name="attribute">There, of a data node: the first column.</param>
    public long Borrow(DataPools lender, long attribute) => Borrow(
        lender.AddressOf(attribute), IsBorrowed(attribute, out int lent) ? lender._lent[lent].Rows : lender._pools[(int)(attribute >> 32)].Rows);

    /// <summary>Takes other columns in the place of borrowed ones, of as many rows.</summary>
    /// <param name="number">Which <see cref="Borrow(nint, int)"/> since the pools were cleared, from 0.</param>
    /// <param name="lender">The other pools.</param>
    /// <param name="attribute">There, of a data node: the first column.</param>
    public void BorrowInstead(int number, DataPools lender, long attribute) => _lent[number] = _lent[number] with { Address = lender.AddressOf(attribute) };

    /// <summary>Whether a value lies in columns that were borrowed.</summary>
    /// <param name="attribute">Of a data node.</param>
    /// <param name="lender">Which <see cref="Borrow(nint, int)"/> since the pools were cleared, from 0.</param>
    public static bool IsBorrowed(long attribute, out int lender)
    {
        int pool = (int)(attribute >> 32);
        lender = pool & ~Lent;
        return (pool & Lent) != 0;
    }

    /// <summary>Copies a value into its pool, rounding to the pools' precision.</summary>
    /// <returns>The attribute of the node that stands for it: pool and first column.</returns>
    public long Add<T>(Operator op, Shape shape, ReadOnlySpan<T> value) where T : unmanaged, INumber<T>
    {
        int index = 0;
        while (index < _pools.Count && (_pools[index].Operator != op || _pools[index].Rows != shape.Rows))
            index++;

        if (index == _pools.Count)
            _pools.Add(new Pool(op, shape.Rows));

        Pool pool = _pools[index];
        int position = pool.Count;
        long columnBytes = (long)shape.Rows * _elementBytes;
        long needed = ((long)position + shape.Columns) * columnBytes + Alignment;
        if (needed > pool.Bytes.Length)
            Grow(pool, needed, (int)(position * columnBytes));

        unsafe
        {
            void* target = (byte*)pool.Address + (nint)(position * columnBytes);
            if (precision == Precision.Single)
                Convert(value, new Span<float>(target, shape.Size));
            else
                Convert(value, new Span<double>(target, shape.Size));
        }

        pool.Count = position + shape.Columns;
        return (long)index << 32 | (uint)position;
    }

    /// <summary>Takes the value out that was added last.</summary>
    public void RemoveLast(long attribute) => _pools[(int)(attribute >> 32)].Count = (int)attribute;

    /// <summary>A value as it is stored.</summary>
    public unsafe ReadOnlySpan<byte> BytesOf(long attribute, Shape shape) => new((void*)AddressOf(attribute), shape.Size * _elementBytes);

    /// <summary>Bytes of all values.</summary>
    public long Bytes
    {
        get
        {
            long bytes = 0;
            foreach (Pool pool in _pools)
                bytes += (long)pool.Count * pool.Rows * _elementBytes;

            return bytes;
        }
    }

    /// <summary>Columns in the pool of an operator and number of rows.</summary>
    public int CountOf(Operator op, int rows)
    {
        foreach (Pool pool in _pools)
        {
            if (pool.Operator == op && pool.Rows == rows)
                return pool.Count;
        }

        return 0;
    }

    /// <summary>Makes sure that a scalar lies at a known place.</summary>
    /// <returns>False if something else is there, or if the place is not the next one of its pool.</returns>
    public bool TryPlace(Operator op, long attribute, double value)
    {
        var (index, position) = ((int)(attribute >> 32), (int)attribute);
        if (index > _pools.Count || (index < _pools.Count && (_pools[index].Operator != op || _pools[index].Rows != 1)))
            return false;

        int count = index == _pools.Count ? 0 : _pools[index].Count;
        return position < count ? HasBitsOf(attribute, value) : position == count && Add(op, Shape.Scalar, new ReadOnlySpan<double>(in value)) == attribute;
    }

    /// <summary>Whether a scalar is a number bit for bit: 0 is not −0, and a NaN is itself.</summary>
    public bool HasBitsOf(long attribute, double value) => BitConverter.DoubleToInt64Bits(ElementAt(attribute, 0)) == BitConverter.DoubleToInt64Bits(value);

    /// <summary>Where the value with this attribute lies, and after it the pool's next columns.</summary>
    public nint AddressOf(long attribute)
    {
        (nint address, int rows) = IsBorrowed(attribute, out int lender) ? _lent[lender] : AddressOf(_pools[(int)(attribute >> 32)]);
        return address + (nint)(uint)attribute * rows * _elementBytes;

        static (nint Address, int Rows) AddressOf(Pool pool) => (pool.Address, pool.Rows);
    }

    /// <summary>One element of a value, for printing and for constants.</summary>
    public unsafe double ElementAt(long attribute, int element) => precision == Precision.Single
        ? ((float*)AddressOf(attribute))[element]
        : ((double*)AddressOf(attribute))[element];

    /// <summary>An integer of an index pool, given where the pool begins.</summary>
    public unsafe int WholeNumberAt(nint pool, int position) => precision == Precision.Single ? (int)((float*)pool)[position] : (int)((double*)pool)[position];

    private static void Convert<T, TResult>(ReadOnlySpan<T> source, Span<TResult> target) where T : unmanaged, INumber<T> where TResult : unmanaged, INumber<TResult>
    {
        if (typeof(T) == typeof(TResult))
            MemoryMarshal.Cast<T, TResult>(source).CopyTo(target);
        else
            for (int i = 0; i < source.Length; i++)
                target[i] = TResult.CreateTruncating(source[i]);
    }

    // At most as far as the limit allows, so that whatever goes beyond it comes here.
    private void Grow(Pool pool, long needed, int used)
    {
        long others = Bytes - used;
        if (others + needed - Alignment > Limit)
            throw new GraphMemoryException(others + needed - Alignment);

        if (needed > Array.MaxLength)
        {
            throw new InvalidOperationException(
                $"The examples of one pass bring more than {Array.MaxLength} bytes of vectors [{pool.Rows}]. Use a smaller compute batch.");
        }

        byte[] old = pool.Bytes;
        nint oldAddress = pool.Address;
        long most = Math.Min(Limit - others, Array.MaxLength - Alignment) + Alignment;
        pool.Bytes = GC.AllocateUninitializedArray<byte>((int)Math.Min(most, Math.Max(needed, 2L * old.Length)), pinned: true);
        pool.Address = (Marshal.UnsafeAddrOfPinnedArrayElement(pool.Bytes, 0) + Alignment - 1) & -Alignment;
        unsafe
        {
            Unsafe.CopyBlock((void*)pool.Address, (void*)oldAddress, (uint)used);
        }

        GC.KeepAlive(old);
    }
}
