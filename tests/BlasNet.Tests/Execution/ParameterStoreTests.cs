using BlasNet.Execution;

namespace BlasNet.Tests.Execution;

public sealed class ParameterStoreTests
{
    [Fact]
    public void Parameters_begin_at_multiples_of_16_and_are_zero()
    {
        using var store = new ParameterStore<double>();
        Assert.Equal([0, 16, 32, 64], new[] { 1, 16, 17, 5 }.Select(length => store.Append(length)));
        Assert.Equal(80, store.Length);
        Assert.Equal(-1, store.Span.IndexOfAnyExcept(0.0));
    }

    [Theory, InlineData(1, 16), InlineData(15, 16), InlineData(16, 16), InlineData(17, 32)]
    public void A_length_is_rounded_up_to_a_multiple_of_16(int length, int padded) => Assert.Equal(padded, ParameterStore<float>.Padded(length));

    [Fact]
    public void Earlier_values_stay_when_the_buffer_grows()
    {
        using var store = new ParameterStore<double>();
        store.Append(3);
        store.Span.Fill(5);
        for (int i = 0; i < 20; i++)
            store.Append(100);

        Assert.Equal(16, store.Span.IndexOfAnyExcept(5.0));
        Assert.Equal(-1, store.Span[16..].IndexOfAnyExcept(0.0));
    }

    [Fact]
    public void What_is_taken_back_leaves_no_gap()
    {
        using var store = new ParameterStore<double>();
        store.Append(3);
        int second = store.Append(40);
        store.Span[second..].Fill(5);
        store.TakeBack(second);

        Assert.Equal(16, store.Length);
        Assert.Equal(second, store.Append(20));
        Assert.Equal(48, store.Length);
        Assert.Equal(-1, store.Span.IndexOfAnyExcept(0.0));
    }

    [Fact]
    public void Every_change_makes_the_packed_forms_stale()
    {
        using var store = new ParameterStore<double>();
        store.Append(3);
        store.Append(4);
        long before = store.Version;
        store.Changed();
        Assert.True(store.Version > before);
        Assert.Equal(store.Version, store.PackedOf(0).Version);
        Assert.Equal(store.Version, store.PackedOf(1).Version);
    }

    [Fact]
    public void Packed_forms_that_are_not_made_take_no_memory()
    {
        using var store = new ParameterStore<double>();
        store.Append(3);
        Assert.Equal(0, store.PackedBytes);
    }
}
