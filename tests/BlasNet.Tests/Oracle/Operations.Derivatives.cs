using BlasNet.Derivatives;
using BlasNet.Passes;
using static BlasNet.Tests.Oracle.Naive;

namespace BlasNet.Tests.Oracle;

/// <content>Derivatives within a program: gradients that are values like any others.</content>
internal static partial class Operations
{
    /// <summary>Operands: a scalar, then what it is differentiated by.</summary>
    public static readonly Operation Differentiate = new("Differentiate", d => d.Scalar() is { } loss ? new Step([loss, .. d.Targets(1 + d.Next(3))]) : null,
        (_, x, _) => x[0].Differentiate(x.AsSpan(1)), (e, x, _) => Gradients(e, x[..1], [Ones(e, x[0])], x[1..]))
    { ResultCount = s => s.Operands.Length - 1 };

    /// <summary>Operands: an output, a seed of its shape, then what it is differentiated by.</summary>
    public static readonly Operation VectorJacobian = new("VectorJacobian",
        d => d.Pair(SameShape) is { } pair ? new Step([.. pair.Operands, .. d.Targets(1 + d.Next(2))]) : null,
        (_, x, _) => x[0].VectorJacobian(x[1], x.AsSpan(2)), (e, x, _) => Gradients(e, x[..1], x[1..2], x[2..]))
    { ResultCount = s => s.Operands.Length - 2 };

    /// <summary>Operands: an output, an input, a direction of its shape.</summary>
    public static readonly Operation JacobianVector = Operation.Of("JacobianVector",
        d => d.Pair(SameShape) is { } pair && d.IsTarget(pair.Operands[0]) ? new Step([d.Any()!.Operands[0], .. pair.Operands]) : null,
        (_, x, _) => x[0].JacobianVector(x[1], x[2]), (e, x, _) => Tangents(e, x[0], x[1], x[2]));

    /// <summary>Operands: a scalar, an input, a direction of its shape. Here forward mode over reverse mode.</summary>
    public static readonly Operation HessianVector = Operation.Of("HessianVector",
        d => d.Scalar() is { } loss && d.Pair(SameShape) is { } pair && d.IsTarget(pair.Operands[0]) ? new Step([loss, .. pair.Operands]) : null,
        (_, x, _) => x[0].HessianVector(x[1], x[2]),
        (e, x, _) => Tangents(e, Gradients(e, x[..1], [Ones(e, x[0])], x[1..2])[0], x[1], x[2]));

    /// <summary>Operands: an output and an input.</summary>
    public static readonly Operation Jacobian = Operation.Of("Jacobian", ChooseJacobian, (_, x, _) => x[0].Jacobian(x[1]), DefineJacobian);

    public static IReadOnlyList<Operation> Derivatives { get; } =
        [Differentiate, Differentiate, Differentiate, VectorJacobian, JacobianVector, HessianVector, Jacobian];

    private static Step? ChooseJacobian(Draft d)
    {
        int output = d.Any()!.Operands[0], input = d.Targets(1)[0];
        return d[output].Length * d[input].Length <= 24 ? new Step(output, input) : null;
    }

    private static Matrix DefineJacobian(Evaluation e, Matrix[] x, Step s)
    {
        Matrix output = x[0];
        Number[] ones = [e.Tape.Number(1)];
        Number[][] gradients = [.. output.Elements.Select(element => e.Tape.Gradient([element], ones, x[1].Elements))];
        return Make(output.Length, x[1].Length, (i, j) => gradients[i][j]);
    }

    private static Matrix[] Gradients(Evaluation e, Matrix[] outputs, Matrix[] seeds, Matrix[] targets)
    {
        Number[] all = e.Tape.Gradient(
            [.. outputs.SelectMany(x => x.Elements)], [.. seeds.SelectMany(x => x.Elements)], [.. targets.SelectMany(x => x.Elements)]);
        var result = new Matrix[targets.Length];
        int start = 0;
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = Shaped(ShapeOf(targets[i]), all[start..(start + targets[i].Length)]);
            start += targets[i].Length;
        }

        return result;
    }

    private static Matrix Tangents(Evaluation e, Matrix output, Matrix input, Matrix direction) =>
        Shaped(ShapeOf(output), e.Tape.Tangents(input.Elements, direction.Elements, output.Elements));

    private static Matrix Ones(Evaluation e, Matrix like) => Map(like, _ => e.Tape.Number(1));
}
