namespace BlasNet.Kernels;

/// <summary>A function of each element that a product applies to a tile of its result while that is in the first-level cache; by default none.</summary>
/// <param name="apply">Takes the first element, the elements from a row to the next, the length and the number of rows, and the attribute.</param>
/// <param name="attribute">What the function takes besides.</param>
/// <remarks>A sweep of its own reads and writes the result once more, which of many rows lies beyond the second-level cache.</remarks>
internal readonly unsafe struct GemmFinish<T>(delegate*<T*, nint, nint, nint, long, void> apply, long attribute)
    where T : unmanaged
{
    private readonly delegate*<T*, nint, nint, nint, long, void> _apply = apply;

    /// <summary>Whether nothing is to be done.</summary>
    public bool IsNone => _apply == null;

    /// <summary>Replaces elements by the function of them.</summary>
    /// <param name="y">The first one.</param>
    /// <param name="stride">Elements from a row to the next.</param>
    /// <param name="length">Elements of a row.</param>
    /// <param name="rows">Number of rows.</param>
    public void Apply(T* y, nint stride, nint length, nint rows) => _apply(y, stride, length, rows, attribute);
}
