using System.Numerics;
using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Memory;

namespace BlasNet.Operators.Intrinsics;

/// <summary>One contribution to a gradient.</summary>
/// <param name="Form">How the inputs make it up.</param>
/// <param name="FirstInput">The first of its one or two inputs.</param>
internal readonly record struct NormTerm(TermForm Form, int FirstInput);

/// <summary>Values of a contribution's stack that belong to one example.</summary>
/// <param name="Term">Which contribution.</param>
/// <param name="First">First value, or column vector of an outer product's operands.</param>
/// <param name="Count">How many.</param>
internal readonly record struct NormRows(int Term, int First, int Count);

/// <summary>The norm of each example's gradient with respect to one parameter, from what its gradient is a sum of.</summary>
/// <remarks>
/// An example's gradient is G = Σ_s a_s·b_sᵀ over the places s where it uses the parameter: for one use |G|² = |a|²|b|²; for several, whichever
/// costs less of the Gram form |G|² = Σ_{s,t} (a_s·a_t)(b_s·b_t), which never makes G, and G itself in a buffer that the examples take turns with.
/// Of a lookup, b_s is a unit vector. Made by a pass after differentiation, so it has no gradient rule, and no sample in the contract tests.
/// </remarks>
internal sealed unsafe class ExampleNormsOperator : Operator
{
    private readonly Shape _shape;
    private readonly NormTerm[] _terms;
    private readonly NormRows[][] _examples;

    /// <param name="shape">The parameter's.</param>
    /// <param name="terms">The contributions.</param>
    /// <param name="rows">For each example its values.</param>
    /// <param name="examples">Number of examples.</param>
    public ExampleNormsOperator(Shape shape, NormTerm[] terms, ILookup<int, NormRows> rows, int examples)
        : base(new() { Merging = Merging.Never, ReadsWholeStacks = true }) =>
        (_shape, _terms, _examples) = (shape, terms, [.. Enumerable.Range(0, examples).Select(example => rows[example].ToArray())]);

    public override string Name => "example-norms";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => Shape.Scalar;

    public override void Gradient(in GradientContext g) =>
        throw new InvalidOperationException("Error in BlasNet: norms of gradients come after differentiating.");

    public override void Forward<T>(in Operands<T> stack)
    {
        for (int example = 0; example < _examples.Length; example++)
            *stack.Output.At(example) = T.CreateTruncating(NormOf(stack, _examples[example]));
    }

    private double NormOf<T>(in Operands<T> stack, NormRows[] rows) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int count = 0;
        bool hasWhole = false, hasOuter = false;
        foreach (NormRows part in rows)
        {
            count += part.Count;
            hasWhole |= _terms[part.Term].Form == TermForm.Whole;
            hasOuter |= _terms[part.Term].Form == TermForm.OuterProduct;
        }

        if (count == 0)
            return 0;

        if (count == 1)
            return SingleUse(stack, rows[0]);

        // Multiplications of either way; clearing and reading G counts as two for each element.
        double size = _shape.Size, gram = (double)count * count * (_shape.Rows + (hasOuter ? _shape.Columns : 1));
        double whole = (hasOuter ? count * size : (double)count * _shape.Rows) + 2 * size;
        return hasWhole || whole < gram ? Explicit(stack, rows) : Gram(stack, rows, count, hasOuter);
    }

    private double SingleUse<T>(in Operands<T> stack, NormRows row) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (TermForm form, int input) = _terms[row.Term];
        Operand<T> a = stack[input];
        return form == TermForm.Whole ? Norms.Euclidean<T>(a.ValueAt(row.First))
            : form == TermForm.Column ? Norms.Euclidean<T>(Vector(a, row.First))
            : Norms.Euclidean<T>(Vector(a, row.First)) * Norms.Euclidean<T>(Vector(stack[input + 1], row.First));
    }

    private double Explicit<T>(in Operands<T> stack, NormRows[] rows) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var gradient = new Operand<T>(Scratch<T>.Get(_shape.Size), _shape, 1);
        gradient.Span.Clear();
        foreach (NormRows part in rows)
        {
            (TermForm form, int input) = _terms[part.Term];
            Operand<T> a = stack[input];
            if (form == TermForm.OuterProduct)
            {
                Gemm.OuterProductSum(Vectors(stack[input + 1], part), Vectors(a, part), new(gradient.Data, _shape.Columns, _shape.Rows), accumulate: true);
                continue;
            }

            for (int row = part.First; row < part.First + part.Count; row++)
            {
                if (form == TermForm.Whole)
                    Rows.Add(a.ValueAt(row), gradient.Span);
                else
                    Rows.Add(Vector(a, row), gradient.Span.Slice(ColumnOf(stack[input + 1], row) * _shape.Rows, _shape.Rows));
            }
        }

        return Norms.Euclidean<T>(gradient.Span);
    }

    // Σ_{s,t} (a_s·a_t)(b_s·b_t): the operands are brought together, then each of the two matrices of products is one GEMM.
    private double Gram<T>(in Operands<T> stack, NormRows[] rows, int count, bool hasOuter) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int m = _shape.Rows, k = hasOuter ? _shape.Columns : 1;
        T* left = Scratch<T>.Get(count * (m + k) + 2 * count * count), right = left + count * m, a = right + count * k, b = a + count * count;
        int row = 0;
        foreach (NormRows part in rows)
        {
            (TermForm form, int input) = _terms[part.Term];
            Operand<T> factor = stack[input], other = stack[input + 1];
            for (int i = part.First; i < part.First + part.Count; i++, row++)
            {
                Vector(factor, i).CopyTo(new Span<T>(left + row * m, m));
                Span<T> target = new(right + row * k, k);
                if (form == TermForm.OuterProduct)
                {
                    Vector(other, i).CopyTo(target);
                }
                else if (hasOuter)
                {
                    target.Clear();
                    target[ColumnOf(other, i)] = T.One;
                }
                else
                {
                    target[0] = other.Data[i];   // unit vectors alone: whether they are equal is all there is to know
                }
            }
        }

        double sum = Products(left, right, count, m, k, hasOuter, a, b);
        if (Norms.IsExact<T>(sum))
            return Math.Sqrt(sum);

        Span<T> lefts = new(left, count * m), rights = new(right, count * k);
        int exponent = Norms.Normalize<T>(lefts, lefts) + (hasOuter ? Norms.Normalize<T>(rights, rights) : 0);
        return Math.ScaleB(Math.Sqrt(Math.Max(0, Products(left, right, count, m, k, hasOuter, a, b))), exponent);
    }

    // Where b_s are numbers of unit vectors, b_s·b_t is 1 if they are the same.
    private static double Products<T>(T* left, T* right, int count, int m, int k, bool hasOuter, T* a, T* b) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Norms.Products(left, count, m, a);
        if (hasOuter)
            Norms.Products(right, count, k, b);
        else
            Norms.Equal(right, count, b);

        return double.CreateTruncating(Norms.Dot(new ReadOnlySpan<T>(a, count * count), new ReadOnlySpan<T>(b, count * count)));
    }

    private static int ColumnOf<T>(Operand<T> index, int row) where T : unmanaged, IBinaryFloatingPointIeee754<T> => int.CreateTruncating(index.Data[row]);

    private static Span<T> Vector<T>(Operand<T> factor, int row) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        new(factor.Data + (nint)row * factor.Shape.Rows, factor.Shape.Rows);

    private static Matrix<T> Vectors<T>(Operand<T> factor, NormRows part) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        new(factor.Data + (nint)part.First * factor.Shape.Rows, part.Count, factor.Shape.Rows);
}
