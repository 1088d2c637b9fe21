using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BlasNet.Memory;

/// <summary>An open-addressing table of small numbers (0: free); who uses it compares the candidates.</summary>
internal sealed class HashSlots
{
    private int[] _slots = new int[64];
    private int _shift = 64 - 6;

    /// <summary>Empties the table and gives it room for a number of entries.</summary>
    public void Clear(int entries)
    {
        int length = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(64, 2 * entries));
        if (_slots.Length < length)
            _slots = new int[length];
        else
            Array.Clear(_slots, 0, length);

        _shift = 64 - BitOperations.Log2((uint)length);
    }

    /// <summary>True where another entry would make searching slow.</summary>
    public bool IsFull(int entries) => 4L * entries > 3L << (64 - _shift);

    /// <summary>Where a search for a hash, whose upper bits are the good ones, begins.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref int First(ulong hash) => ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_slots), (nint)(hash >> _shift));

    /// <summary>Where it goes on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref int Next(ref int slot)
    {
        ref int first = ref MemoryMarshal.GetArrayDataReference(_slots);
        ref int next = ref Unsafe.Add(ref slot, 1);
        return ref Unsafe.AreSame(ref next, ref Unsafe.Add(ref first, (nint)1 << (64 - _shift))) ? ref first : ref next;
    }
}
