namespace BlasNet.Memory;

/// <summary>Divides numbers that are not negative by one and the same number, at the price of a multiplication.</summary>
/// <param name="value">At least 1.</param>
/// <remarks>With c = ⌈2⁶⁴ / d⌉, n / d is the upper half of c·n, and d divides n where the lower half is below c.
/// Source: Lemire, Kaser, Kurz, "Faster remainder by direct computation", Software: Practice and Experience 49(6), 2019.</remarks>
internal readonly struct Divisor(int value)
{
    private readonly ulong _reciprocal = (ulong.MaxValue / (uint)value) + 1;   // of 1 it would be 2⁶⁴, and is 0
    private readonly bool _isOne = value == 1;

    /// <summary>⌊<paramref name="number"/> / value⌋.</summary>
    public int Divide(int number) => _isOne ? number : (int)Math.BigMul(_reciprocal, (ulong)(uint)number, out _);

    /// <summary>Whether the division leaves no remainder.</summary>
    public bool Divides(int number) => unchecked((_reciprocal * (uint)number) <= _reciprocal - 1);
}
