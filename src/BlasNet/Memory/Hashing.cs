namespace BlasNet.Memory;

/// <summary>What hashes are made with.</summary>
internal static class Hashing
{
    /// <summary>2⁶⁴ divided by the golden ratio, odd: the upper bits of a product with it depend on all bits of the factor.
    /// Source: Knuth, "The Art of Computer Programming", vol. 3, section 6.4.</summary>
    public const ulong Multiplier = 0x9E3779B97F4A7C15;
}
