using System.Runtime.CompilerServices;

namespace BlasNet.Kernels;

/// <summary>The part of one row that the micro-kernel holds in registers: one, two or four vectors.</summary>
/// <remarks>A panel is two vectors wide, so a strip of four spans two panels, which lie <c>panel</c> elements apart.</remarks>
internal unsafe interface IGemmStrip<TSelf, T>
    where TSelf : struct, IGemmStrip<TSelf, T>
    where T : unmanaged
{
    static abstract TSelf Load(T* source, nint panel);

    /// <summary>scalar·right + sum.</summary>
    static abstract TSelf MultiplyAdd(T* scalar, TSelf right, TSelf sum);

    static abstract TSelf Add(TSelf a, TSelf b);

    /// <summary>Asks for the cache lines of <see cref="Load"/> ahead of time.</summary>
    static abstract void Prefetch(T* source, nint panel);

    void Store(T* target, nint panel);
}

/// <summary>Half a panel: for products with few columns.</summary>
internal readonly unsafe struct GemmStrip1<V, T>(V v0) : IGemmStrip<GemmStrip1<V, T>, T>
    where V : struct, ISimd<V, T>
    where T : unmanaged
{
    private readonly V _v0 = v0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GemmStrip1<V, T> Load(T* source, nint panel) => new(V.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GemmStrip1<V, T> MultiplyAdd(T* scalar, GemmStrip1<V, T> right, GemmStrip1<V, T> sum) =>
        new(V.MultiplyAdd(V.Broadcast(scalar), right._v0, sum._v0));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GemmStrip1<V, T> Add(GemmStrip1<V, T> a, GemmStrip1<V, T> b) => new(a._v0 + b._v0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(T* source, nint panel)
    {
        CacheLine.Prefetch(source);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(T* target, nint panel) => _v0.Store(target);
}

/// <summary>One panel: the most rows fit in registers, so each vector of the right operand is used most often.</summary>
internal readonly unsafe struct GemmStrip2<V, T>(V v0, V v1) : IGemmStrip<GemmStrip2<V, T>, T>
    where V : struct, ISimd<V, T>
    where T : unmanaged
{
    private readonly V _v0 = v0;
    private readonly V _v1 = v1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GemmStrip2<V, T> Load(T* source, nint panel) => new(V.Load(source), V.Load(source + V.Count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GemmStrip2<V, T> MultiplyAdd(T* scalar, GemmStrip2<V, T> right, GemmStrip2<V, T> sum)
    {
        V a = V.Broadcast(scalar);

        return new(V.MultiplyAdd(a, right._v0, sum._v0), V.MultiplyAdd(a, right._v1, sum._v1));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GemmStrip2<V, T> Add(GemmStrip2<V, T> a, GemmStrip2<V, T> b) => new(a._v0 + b._v0, a._v1 + b._v1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(T* source, nint panel)
    {
        CacheLine.Prefetch(source);
        CacheLine.Prefetch(source + V.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(T* target, nint panel)
    {
        _v0.Store(target);
        _v1.Store(target + V.Count);
    }
}

/// <summary>Two panels: enough independent sums for a stack of few rows.</summary>
internal readonly unsafe struct GemmStrip4<V, T>(V v0, V v1, V v2, V v3) : IGemmStrip<GemmStrip4<V, T>, T>
    where V : struct, ISimd<V, T>
    where T : unmanaged
{
    private readonly V _v0 = v0;
    private readonly V _v1 = v1;
    private readonly V _v2 = v2;
    private readonly V _v3 = v3;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GemmStrip4<V, T> Load(T* source, nint panel) =>
        new(V.Load(source), V.Load(source + V.Count), V.Load(source + panel), V.Load(source + panel + V.Count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GemmStrip4<V, T> MultiplyAdd(T* scalar, GemmStrip4<V, T> right, GemmStrip4<V, T> sum)
    {
        V a = V.Broadcast(scalar);

        return new(
            V.MultiplyAdd(a, right._v0, sum._v0), V.MultiplyAdd(a, right._v1, sum._v1),
            V.MultiplyAdd(a, right._v2, sum._v2), V.MultiplyAdd(a, right._v3, sum._v3));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GemmStrip4<V, T> Add(GemmStrip4<V, T> a, GemmStrip4<V, T> b) =>
        new(a._v0 + b._v0, a._v1 + b._v1, a._v2 + b._v2, a._v3 + b._v3);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(T* source, nint panel)
    {
        CacheLine.Prefetch(source);
        CacheLine.Prefetch(source + V.Count);
        CacheLine.Prefetch(source + panel);
        CacheLine.Prefetch(source + panel + V.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(T* target, nint panel)
    {
        _v0.Store(target);
        _v1.Store(target + V.Count);
        _v2.Store(target + panel);
        _v3.Store(target + panel + V.Count);
    }
}
