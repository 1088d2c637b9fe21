namespace BlasNet.Memory;

/// <summary>The counter-based generator Philox4x32-10: a function from (key, counter) to 128 random bits, the same on every machine.</summary>
/// <remarks>Having no state, it gives any element of any stream directly, whatever the order or the thread that asks for it.
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.</remarks>
internal static class Philox
{
    private const int Rounds = 10;
    private const uint Multiplier0 = 0xD2511F53, Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9, Weyl1 = 0xBB67AE85; // the golden ratio and √3 − 1

    /// <summary>The 128 bits at one counter of one key, as two words.</summary>
    public static (ulong Low, ulong High) Block(ulong key, ulong counterLow, ulong counterHigh)
    {
        (uint key0, uint key1) = ((uint)key, (uint)(key >> 32));
        (uint x0, uint x1) = ((uint)counterLow, (uint)(counterLow >> 32));
        (uint x2, uint x3) = ((uint)counterHigh, (uint)(counterHigh >> 32));

        for (int round = 0; round < Rounds; round++)
        {
            ulong product0 = (ulong)Multiplier0 * x0;
            ulong product1 = (ulong)Multiplier1 * x2;

            (x0, x1, x2, x3) = ((uint)(product1 >> 32) ^ x1 ^ key0, (uint)product1, (uint)(product0 >> 32) ^ x3 ^ key1, (uint)product0);
            (key0, key1) = (key0 + Weyl0, key1 + Weyl1);
        }

        return (x0 | ((ulong)x1 << 32), x2 | ((ulong)x3 << 32));
    }
}
