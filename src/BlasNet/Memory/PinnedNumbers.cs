using System.Runtime.InteropServices;

namespace BlasNet.Memory;

/// <summary>Constant numbers in both precisions, at addresses that do not change.</summary>
internal sealed unsafe class PinnedNumbers
{
    private readonly double[] _doubles;
    private readonly float[] _floats;

    public PinnedNumbers(ReadOnlySpan<double> numbers)
    {
        (_doubles, _floats) = (NewPinned<double>(numbers.Length), NewPinned<float>(numbers.Length));
        for (int i = 0; i < numbers.Length; i++)
            (_doubles[i], _floats[i]) = (numbers[i], (float)numbers[i]);
    }

    public ReadOnlySpan<double> Span => _doubles;

    /// <summary>The address of a number, of float or of double.</summary>
    public T* At<T>(int index) where T : unmanaged => typeof(T) == typeof(float)
        ? (T*)Marshal.UnsafeAddrOfPinnedArrayElement(_floats, index)
        : (T*)Marshal.UnsafeAddrOfPinnedArrayElement(_doubles, index);

    // Most expressions have no numbers, and what is pinned takes longer to allocate.
    private static T[] NewPinned<T>(int length) where T : unmanaged =>
        length == 0 ? [] : GC.AllocateUninitializedArray<T>(length, pinned: true);
}
