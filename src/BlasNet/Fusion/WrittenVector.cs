using System.Diagnostics.CodeAnalysis;
using System.Reflection.Emit;
using BlasNet.Kernels;

namespace BlasNet.Fusion;

/// <summary>A vector in code that is being written: an operation on it is not done but written down, by the <see cref="FusedLoopWriter{V, T}"/> at
/// work.</summary>
/// <param name="place">Where the code keeps it.</param>
internal readonly unsafe struct WrittenVector<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicMethods)] V, T>(LocalBuilder place)
    : ISimd<WrittenVector<V, T>, T>
    where V : struct, ISimd<V, T> where T : unmanaged
{
    public LocalBuilder Place => place;

    public static int Count => V.Count;

    public static int Registers => V.Registers;

    public static bool IsSupported => V.IsSupported;

    private static FusedLoopWriter<V, T> Writer => FusedLoopWriter<V, T>.Current!;

    public static WrittenVector<V, T> Constant(double value) => new(Writer.Constant(value));

    public static WrittenVector<V, T> operator +(WrittenVector<V, T> a, WrittenVector<V, T> b) => new(Writer.Call("op_Addition", a.Place, b.Place));

    public static WrittenVector<V, T> operator -(WrittenVector<V, T> a, WrittenVector<V, T> b) => new(Writer.Call("op_Subtraction", a.Place, b.Place));

    public static WrittenVector<V, T> operator *(WrittenVector<V, T> a, WrittenVector<V, T> b) => new(Writer.Call("op_Multiply", a.Place, b.Place));

    public static WrittenVector<V, T> operator /(WrittenVector<V, T> a, WrittenVector<V, T> b) => new(Writer.Call("op_Division", a.Place, b.Place));

    public static WrittenVector<V, T> MultiplyAdd(WrittenVector<V, T> a, WrittenVector<V, T> b, WrittenVector<V, T> c) =>
        new(Writer.Call(nameof(MultiplyAdd), a.Place, b.Place, c.Place));

    public static WrittenVector<V, T> Reciprocal(WrittenVector<V, T> x) => new(Writer.Call(nameof(Reciprocal), x.Place));

    public static WrittenVector<V, T> Sqrt(WrittenVector<V, T> x) => new(Writer.Call(nameof(Sqrt), x.Place));

    public static WrittenVector<V, T> Abs(WrittenVector<V, T> x) => new(Writer.Call(nameof(Abs), x.Place));

    public static WrittenVector<V, T> CopySign(WrittenVector<V, T> size, WrittenVector<V, T> sign) =>
        new(Writer.Call(nameof(CopySign), size.Place, sign.Place));

    public static WrittenVector<V, T> Min(WrittenVector<V, T> a, WrittenVector<V, T> b) => new(Writer.Call(nameof(Min), a.Place, b.Place));

    public static WrittenVector<V, T> Max(WrittenVector<V, T> a, WrittenVector<V, T> b) => new(Writer.Call(nameof(Max), a.Place, b.Place));

    public static WrittenVector<V, T> MinOrNaN(WrittenVector<V, T> a, WrittenVector<V, T> b) => new(Writer.Call(nameof(MinOrNaN), a.Place, b.Place));

    public static WrittenVector<V, T> MaxOrNaN(WrittenVector<V, T> a, WrittenVector<V, T> b) => new(Writer.Call(nameof(MaxOrNaN), a.Place, b.Place));

    public static WrittenVector<V, T> WhereLess(WrittenVector<V, T> a, WrittenVector<V, T> b, WrittenVector<V, T> yes, WrittenVector<V, T> no) =>
        new(Writer.Call(nameof(WhereLess), a.Place, b.Place, yes.Place, no.Place));

    public static WrittenVector<V, T> WhereLessOrEqual(WrittenVector<V, T> a, WrittenVector<V, T> b, WrittenVector<V, T> yes, WrittenVector<V, T> no) =>
        new(Writer.Call(nameof(WhereLessOrEqual), a.Place, b.Place, yes.Place, no.Place));

    public static WrittenVector<V, T> ToExponent(WrittenVector<V, T> x) => new(Writer.Call(nameof(ToExponent), x.Place));

    public static WrittenVector<V, T> Scale(WrittenVector<V, T> x, WrittenVector<V, T> n) => new(Writer.Call(nameof(Scale), x.Place, n.Place));

    public static WrittenVector<V, T> Exponent(WrittenVector<V, T> x, out WrittenVector<V, T> significand)
    {
        WrittenVector<V, T> exponent = new(Writer.Exponent(x.Place, out LocalBuilder place));
        significand = new(place);
        return exponent;
    }

    // A function of an element neither reads nor writes memory, nor does it mix lanes.
    public static WrittenVector<V, T> Load(T* source) => throw new NotSupportedException();

    public static WrittenVector<V, T> LoadFirst(T* source, nint count, double fill) => throw new NotSupportedException();

    public static WrittenVector<V, T> Broadcast(T* source) => throw new NotSupportedException();

    public void Store(T* target) => throw new NotSupportedException();

    public void StoreFirst(T* target, nint count) => throw new NotSupportedException();

    public T Sum() => throw new NotSupportedException();

    public T Max() => throw new NotSupportedException();
}
