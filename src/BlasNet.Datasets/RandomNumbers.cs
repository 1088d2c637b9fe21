namespace BlasNet.Datasets;

/// <summary>Random numbers told by a seed and the number of an example: the same ones on every machine, whatever was drawn before.</summary>
/// <remarks>SplitMix64. Only integer operations and one exact conversion. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number
/// generators", OOPSLA 2014.</remarks>
internal struct RandomNumbers
{
    private const ulong Weyl = 0x9E3779B97F4A7C15; // 2⁶⁴ divided by the golden ratio

    private ulong _state;

    public RandomNumbers(ulong seed, ulong example) => _state = Mix(Mix(seed + Weyl) + example * Weyl);

    /// <summary>An integer from <paramref name="minimum"/> to <paramref name="maximum"/>, both included.</summary>
    public int Next(int minimum, int maximum) =>
        minimum + (int)Math.BigMul(NextBits(), (ulong)((long)maximum - minimum + 1), out _);

    /// <summary>Uniform in [0, 1): a multiple of 2⁻⁵³.</summary>
    public double NextUniform() => (NextBits() >> 11) * (1.0 / (1L << 53));

    /// <summary>A bijection of 64 bits whose output bits each depend on every input bit.</summary>
    public static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    private ulong NextBits() => Mix(_state += Weyl);
}
