namespace BlasNet.Kernels;

/// <summary>A vector register of one width: what kernels are written for, and compiled for each width.</summary>
/// <remarks>
/// A product and a sum are MultiplyAddEstimate, which is one exact fused instruction wherever the processor has it; FusedMultiplyAdd would
/// instead call the C library for every element on a processor without.
/// </remarks>
internal unsafe interface ISimd<TSelf, T>
    where TSelf : struct, ISimd<TSelf, T>
    where T : unmanaged
{
    /// <summary>Elements of one register.</summary>
    static abstract int Count { get; }

    /// <summary>Registers of this width the processor has.</summary>
    static abstract int Registers { get; }

    static abstract bool IsSupported { get; }

    static abstract TSelf Load(T* source);

    /// <summary>The first <paramref name="count"/> lanes from memory, of which nothing else is read; <paramref name="fill"/> in the others.</summary>
    static abstract TSelf LoadFirst(T* source, nint count, double fill);

    /// <summary>One element of memory in every lane.</summary>
    static abstract TSelf Broadcast(T* source);

    /// <summary>A number, rounded to the precision, in every lane; a constant to the just-in-time compiler.</summary>
    static abstract TSelf Constant(double value);

    void Store(T* target);

    /// <summary>Writes the first <paramref name="count"/> lanes.</summary>
    void StoreFirst(T* target, nint count);

    static abstract TSelf operator +(TSelf a, TSelf b);

    static abstract TSelf operator -(TSelf a, TSelf b);

    static abstract TSelf operator *(TSelf a, TSelf b);

    static abstract TSelf operator /(TSelf a, TSelf b);

    /// <summary>a·b + c.</summary>
    static abstract TSelf MultiplyAdd(TSelf a, TSelf b, TSelf c);

    /// <summary>1/x to an ulp or two, for x neither 0 nor infinite nor subnormal: without a division where the processor has an estimate.</summary>
    static abstract TSelf Reciprocal(TSelf x);

    static abstract TSelf Sqrt(TSelf x);

    static abstract TSelf Abs(TSelf x);

    /// <summary>The size of one number with the sign of another.</summary>
    static abstract TSelf CopySign(TSelf size, TSelf sign);

    /// <summary>The smaller of two; <paramref name="b"/> if either is NaN.</summary>
    static abstract TSelf Min(TSelf a, TSelf b);

    /// <summary>The larger of two; <paramref name="b"/> if either is NaN.</summary>
    static abstract TSelf Max(TSelf a, TSelf b);

    /// <summary>The smaller of two; NaN if either is, and of two zeros −0.</summary>
    static abstract TSelf MinOrNaN(TSelf a, TSelf b);

    /// <summary>The larger of two; NaN if either is, and of two zeros +0.</summary>
    static abstract TSelf MaxOrNaN(TSelf a, TSelf b);

    /// <summary>Lane by lane, a &lt; b ? yes : no.</summary>
    static abstract TSelf WhereLess(TSelf a, TSelf b, TSelf yes, TSelf no);

    /// <summary>Lane by lane, a ≤ b ? yes : no.</summary>
    static abstract TSelf WhereLessOrEqual(TSelf a, TSelf b, TSelf yes, TSelf no);

    /// <summary>Shifts the low end of the significand into the exponent, and everything else out.</summary>
    static abstract TSelf ToExponent(TSelf x);

    /// <summary>x·2ⁿ for any x and any whole n between −2200 and 2200, rounded once: right also where the result is subnormal, 0 or infinite.</summary>
    static abstract TSelf Scale(TSelf x, TSelf n);

    /// <summary>For x positive and normal: its exponent as a number, and its significand in [1, 2).</summary>
    static abstract TSelf Exponent(TSelf x, out TSelf significand);

    /// <summary>The sum of the lanes.</summary>
    T Sum();

    /// <summary>The largest lane; NaN if any is.</summary>
    T Max();
}

/// <summary>Vectors that hold as many lanes as others, or half as many.</summary>
internal interface IFirstOf<V, TSelf>
{
    /// <summary>The first lanes of one of the others.</summary>
    static abstract TSelf First(V wide);
}
