using System.Runtime.CompilerServices;

namespace BlasNet.Kernels;

/// <summary>The part of one row that the micro-kernel holds in registers: two or four vectors, or fewer for the last columns.</summary>
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

    /// <summary>What the sums start from. Of the last columns only those that exist are read.</summary>
    static abstract TSelf LoadInitial(T* source, nint panel, nint columns);

    /// <summary>Writes the sums. Of the last columns only those that exist are written.</summary>
    void Store(T* target, nint panel, nint columns);
}

/// <summary>The last columns of a product, where they fill no more than one vector.</summary>
internal readonly unsafe struct GemmLastStrip<L, T>(L v0) : IGemmStrip<GemmLastStrip<L, T>, T>
    where L : struct, ISimd<L, T>
    where T : unmanaged
{
    private readonly L _v0 = v0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GemmLastStrip<L, T> Load(T* source, nint panel) => new(L.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GemmLastStrip<L, T> MultiplyAdd(T* scalar, GemmLastStrip<L, T> right, GemmLastStrip<L, T> sum) =>
        new(L.MultiplyAdd(L.Broadcast(scalar), right._v0, sum._v0));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GemmLastStrip<L, T> Add(GemmLastStrip<L, T> a, GemmLastStrip<L, T> b) => new(a._v0 + b._v0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(T* source, nint panel) => CacheLine.Prefetch(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GemmLastStrip<L, T> LoadInitial(T* source, nint panel, nint columns) => new(L.LoadFirst(source, columns, 0));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(T* target, nint panel, nint columns) => _v0.StoreFirst(target, columns);
}

/// <summary>The last columns of a product, where they fill one vector and some of another.</summary>
internal readonly unsafe struct GemmLastStrip<V, L, T>(V v0, L v1) : IGemmStrip<GemmLastStrip<V, L, T>, T>
    where V : struct, ISimd<V, T>
    where L : struct, ISimd<L, T>, IFirstOf<V, L>
    where T : unmanaged
{
    private readonly V _v0 = v0;
    private readonly L _v1 = v1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GemmLastStrip<V, L, T> Load(T* source, nint panel) => new(V.Load(source), L.Load(source + V.Count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GemmLastStrip<V, L, T> MultiplyAdd(T* scalar, GemmLastStrip<V, L, T> right, GemmLastStrip<V, L, T> sum)
    {
        V a = V.Broadcast(scalar);

        return new(V.MultiplyAdd(a, right._v0, sum._v0), L.MultiplyAdd(L.First(a), right._v1, sum._v1));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GemmLastStrip<V, L, T> Add(GemmLastStrip<V, L, T> a, GemmLastStrip<V, L, T> b) => new(a._v0 + b._v0, a._v1 + b._v1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(T* source, nint panel)
    {
        CacheLine.Prefetch(source);
        CacheLine.Prefetch(source + V.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GemmLastStrip<V, L, T> LoadInitial(T* source, nint panel, nint columns) =>
        new(V.Load(source), L.LoadFirst(source + V.Count, columns - V.Count, 0));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(T* target, nint panel, nint columns)
    {
        _v0.Store(target);
        _v1.StoreFirst(target + V.Count, columns - V.Count);
    }
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
    public static GemmStrip2<V, T> LoadInitial(T* source, nint panel, nint columns) => Load(source, panel);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(T* target, nint panel, nint columns)
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
    public static GemmStrip4<V, T> LoadInitial(T* source, nint panel, nint columns) => Load(source, panel);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(T* target, nint panel, nint columns)
    {
        _v0.Store(target);
        _v1.Store(target + V.Count);
        _v2.Store(target + panel);
        _v3.Store(target + panel + V.Count);
    }
}
