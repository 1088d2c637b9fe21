using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;
using BlasNet.Graphs.Functions;
using BlasNet.Memory;

namespace BlasNet.Graphs;

/// <content>Constant vectors and matrices, one node for each, and those that functions bring with them.</content>
public sealed partial class Graph
{
    private readonly Dictionary<(Shape Shape, ulong Hash), int> _arrays = [], _ownArrays = [];
    private readonly Dictionary<Body, int[]> _broughtConstants = [];

    /// <summary>A vector of zeros that is the same for every example: a start state.</summary>
    /// <param name="rows">Its length.</param>
    /// <exception cref="ShapeException">The length is not positive.</exception>
    public Expr Zeros(int rows) => Filled(0, new Shape(rows));

    /// <summary>A value of zeros that is the same for every example.</summary>
    public Expr Zeros(Shape shape) => Filled(0, shape);

    /// <summary>A vector of ones that is the same for every example.</summary>
    /// <param name="rows">Its length.</param>
    /// <exception cref="ShapeException">The length is not positive.</exception>
    public Expr Ones(int rows) => Filled(1, new Shape(rows));

    /// <summary>A value of ones that is the same for every example.</summary>
    public Expr Ones(Shape shape) => Filled(1, shape);

    private Expr Filled(float value, Shape shape)
    {
        float[] values = ArrayPool<float>.Shared.Rent(shape.Size);
        Array.Fill(values, value, 0, shape.Size);
        Expr constant = Constant(values.AsSpan(0, shape.Size), shape);
        ArrayPool<float>.Shared.Return(values);
        return constant;
    }

    /// <summary>The constants that a function's body needs: added with its first call, found with the others.</summary>
    internal ReadOnlySpan<int> ConstantsOf(Body body)
    {
        if (!_broughtConstants.TryGetValue(body, out int[]? nodes))
            _broughtConstants.Add(body, nodes = body.AddConstants(this));

        return nodes;
    }

    // Compared bit for bit, as they are stored. Where two that differ have one hash, the second is not found again.
    private Expr AddConstant<T>(Dictionary<(Shape Shape, ulong Hash), int> arrays, ReadOnlySpan<T> values, Shape shape) where T : unmanaged, INumber<T>
    {
        RequireOwnThread();
        CheckLength(ConstantOperator.Instance, values.Length, shape);
        if (shape.IsScalar)
            return Constant(double.CreateTruncating(values[0]));

        long place = Data.Add(ConstantOperator.Instance, shape, values);
        ReadOnlySpan<byte> bytes = Data.BytesOf(place, shape);
        ref int known = ref CollectionsMarshal.GetValueRefOrAddDefault(arrays, (shape, HashOf(bytes)), out bool exists);
        if (exists && Data.BytesOf(AttributeOf(known), shape).SequenceEqual(bytes))
        {
            Data.RemoveLast(place);
            return new Expr(this, known);
        }

        int node = AppendStack(ConstantOperator.Instance, place, [], shape, 1, shared: true);
        if (!exists)
            known = node;

        return new Expr(this, node);
    }

    private static ulong HashOf(ReadOnlySpan<byte> bytes)
    {
        ulong hash = 0;
        foreach (uint word in MemoryMarshal.Cast<byte, uint>(bytes))
            hash = (BitOperations.RotateLeft(hash, 29) ^ word) * Hashing.Multiplier;

        return hash;
    }

    private void ForgetConstants()
    {
        _arrays.Clear();
        _ownArrays.Clear();
        _broughtConstants.Clear();
    }
}
