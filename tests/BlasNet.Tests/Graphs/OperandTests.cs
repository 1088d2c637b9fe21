using BlasNet.Graphs;

namespace BlasNet.Tests.Graphs;

public sealed unsafe class OperandTests
{
    /// <summary>Five numbers at the indices −1 (a zero), 0, 1, 3 and 2.</summary>
    [Fact]
    public void A_stretch_ends_where_the_next_vector_lies_elsewhere_and_a_zero_is_one_by_itself()
    {
        nint* indices = stackalloc nint[] { -1, 0, 1, 3, 2 };
        double* values = stackalloc double[4];
        var operand = new Operand<double>(values, Shape.Scalar, 5, null, indices);

        Assert.Equal((1, 0), StretchFrom(0));
        Assert.Equal((2, 1), StretchFrom(1));
        Assert.Equal((1, 2), StretchFrom(2));
        Assert.Equal((1, 4), StretchFrom(3));
        Assert.Equal((1, 3), StretchFrom(4));

        (int Length, int Place) StretchFrom(int start)
        {
            int length = operand.StretchFrom(start, 5, out double* data);
            return (length, data == null ? 0 : 1 + (int)(data - values));
        }
    }
}
