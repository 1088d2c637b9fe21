using BlasNet.Execution;
using BlasNet.Memory;

namespace BlasNet.Tests.Execution;

/// <summary>The columns that a step has touched, as ranges of the flat buffer: of a parameter of 3 rows that begins at element 1000.</summary>
public sealed class TouchedColumnsTests
{
    private const int Columns = 130, Rows = 3, Offset = 1000;

    private readonly TouchedColumns _touched = new(Columns);

    [Fact]
    public void At_first_nothing_is_touched()
    {
        Assert.True(_touched.IsEmpty);
        Assert.False(_touched.IsAll);
        Assert.Empty(Ranges());
    }

    // The first and the last, and both sides of the words of 64 bits.
    [Fact]
    public void Every_column_has_its_range_in_ascending_order_whatever_the_order_of_touching()
    {
        foreach (double column in new double[] { 129, 0, 64, 63, 128, 127, 5, 63 })
            _touched.Add<double>([column]);

        Assert.Equal([(0, 1), (5, 1), (63, 2), (127, 3)], Ranges());
        Assert.False(_touched.IsEmpty);
        Assert.False(_touched.IsAll);
    }

    [Fact]
    public void Each_column_alone_is_its_own_range()
    {
        for (int column = 0; column < Columns; column++)
        {
            _touched.Add<float>([column]);
            Assert.Equal([(column, 1)], Ranges());
            _touched.Clear();
        }
    }

    [Theory, InlineData(-1.0), InlineData(130.0), InlineData(1e12), InlineData(double.NaN)]
    public void A_number_that_is_no_column_touches_none(double column)
    {
        _touched.Add([column, 7]);
        Assert.Equal([(7, 1)], Ranges());
    }

    [Fact]
    public void All_columns_are_one_range_whatever_was_touched_before()
    {
        _touched.Add<double>([3, 9]);
        _touched.AddAll();
        Assert.Equal([(0, Columns)], Ranges());
        Assert.False(_touched.IsEmpty);
    }

    [Fact]
    public void What_another_has_touched_is_added()
    {
        var other = new TouchedColumns(Columns);
        other.Add<double>([2, 100]);
        _touched.Add(other);
        Assert.Equal([(2, 1), (100, 1)], Ranges());

        _touched.Add<double>([3]);
        other.Clear();
        other.Add<double>([1]);
        _touched.Add(other);
        Assert.Equal([(1, 3), (100, 1)], Ranges());

        _touched.Add(new TouchedColumns(Columns));
        Assert.Equal([(1, 3), (100, 1)], Ranges());
        other.AddAll();
        _touched.Add(other);
        Assert.Equal([(0, Columns)], Ranges());
    }

    [Fact]
    public void Nothing_is_left_after_clearing()
    {
        _touched.Add<double>([4, 90]);
        _touched.Clear();
        Assert.True(_touched.IsEmpty);
        _touched.AddAll();
        _touched.Clear();
        Assert.True(_touched.IsEmpty);
        _touched.Add<double>([6]);
        Assert.Equal([(6, 1)], Ranges());
    }

    /// <returns>First column and number of columns of each range.</returns>
    private (int First, int Count)[] Ranges()
    {
        List<Segment> segments = [];
        _touched.AppendTo(segments, Offset, Rows);
        Assert.All(segments, segment => Assert.Equal((0, 0), ((segment.Start - Offset) % Rows, segment.Length % Rows)));
        return [.. segments.Select(segment => ((segment.Start - Offset) / Rows, segment.Length / Rows))];
    }
}
