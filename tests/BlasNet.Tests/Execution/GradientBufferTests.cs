using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Memory;
using BlasNet.Training;

namespace BlasNet.Tests.Execution;

/// <summary>A buffer for a vector of 5 (padded to 16) and a table [2 × 20], the gradient of which is sparse.</summary>
public sealed class GradientBufferTests : IDisposable
{
    private readonly Model _model = new(1, Precision.Double);
    private readonly Parameter _b, _table;
    private readonly GradientBuffer<double> _buffer;

    public GradientBufferTests()
    {
        (_b, _table) = (_model.Bias("b", 5), _model.Weight("table", 2, 20));
        _buffer = NewBuffer();
    }

    public void Dispose()
    {
        _buffer.Dispose();
        _model.Dispose();
    }

    [Fact]
    public void A_new_buffer_is_zero_and_untouched()
    {
        Assert.Equal(-1, _buffer.Span.IndexOfAnyExcept(0.0));
        Assert.True(_buffer.Touched().IsEmpty);
    }

    [Fact]
    public void A_parameter_touched_as_a_whole_comes_with_the_zeros_up_to_the_next_one()
    {
        _buffer.TouchAll(_b);
        Assert.Equal([new Segment(0, 16)], _buffer.Touched());
        _buffer.Touch(_table.Index, [0]);
        Assert.Equal([new Segment(0, 18)], _buffer.Touched());
        _buffer.Touch(_table.Index, [19]);
        Assert.Equal([new Segment(0, 18), new Segment(16 + 38, 2)], _buffer.Touched());
        Assert.Equal(_buffer.Touched().ToArray(), _buffer.LastTouched);
    }

    [Fact]
    public void Clearing_sets_what_was_touched_to_zero_and_nothing_else()
    {
        _buffer.Span.Fill(7);
        _buffer.Clear(_table);
        Assert.Equal(-1, _buffer.Span.IndexOfAnyExcept(7.0));

        _buffer.Touch(_table.Index, [1, 19]);
        _buffer.Clear(_table);
        Assert.Equal([18, 19, 54, 55], Enumerable.Range(0, _buffer.Span.Length).Where(i => _buffer.Span[i] == 0));
        Assert.True(_buffer.Touched().IsEmpty);

        _buffer.TouchAll(_b);
        _buffer.Clear(_b);
        Assert.Equal([0, 0, 0, 0, 0], _buffer.SpanOf(_b));
    }

    [Theory, InlineData(0, 56), InlineData(17, 38), InlineData(19, 20), InlineData(0, 18)]
    public void Another_buffers_values_are_added_where_it_was_touched_and_within_a_range(int start, int end)
    {
        using GradientBuffer<double> other = NewBuffer();
        _buffer.Span.Fill(1);
        other.Span.Fill(10);
        other.Touch(_table.Index, [1, 2]);
        _buffer.AddTouched(other);
        _buffer.AddValues(other, other.Touched(), new Segment(start, end - start));

        Assert.Equal([new Segment(18, 4)], _buffer.Touched());
        for (int i = 0; i < _buffer.Span.Length; i++)
            Assert.Equal(i >= Math.Max(18, start) && i < Math.Min(22, end) ? 11 : 1, _buffer.Span[i]);
    }

    private GradientBuffer<double> NewBuffer() => new(_model.Store<double>().Length, [_b, _table]);
}
