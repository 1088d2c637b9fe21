using BlasNet.Layers;
using BlasNet.Training;

namespace BlasNet.Tests.Layers;

/// <summary>Low-rank adapters against their formula, with gradients.</summary>
public sealed class LowRankAdapterTests
{
    [Fact]
    public void A_layer_with_an_adapter_is_its_weight_and_the_scaled_product_beside_it() => NetworkAssert.EqualsFormula(
        model =>
        {
            var adapters = new LowRankAdapters(model, rank: 2, scale: 1.5, name => name == "a.W");
            Linear a = new(adapters, "a", 4, 3, product: adapters.Multiply), b = new(adapters, "b", 2, 4, product: adapters.Multiply);
            Assert.Equal(["a.W.lora_A [2 × 3]", "a.W.lora_B [4 × 2]"], adapters.Parameters.Select(parameter => parameter.ToString()));
            Assert.Equal((a.W, null), (adapters.AdapterOf(a.W)?.Weight, adapters.AdapterOf(b.W)));
            Assert.All(model.ValuesOf(model["a.W.lora_B"]), value => Assert.Equal(0, value));
            model.SetValues(model["a.W.lora_B"], [.. Enumerable.Range(1, 8).Select(i => Math.Sin(i))]);
            return (g, i) => b.Apply(a.Apply(g.Input([i, 1 - i, 0.5], new Shape(3))));
        },
        (w, i) =>
        {
            double[] x = [i, 1 - i, 0.5], update = w.Times("a.W.lora_B", w.Times("a.W.lora_A", x));
            return w.Linear("b.W", [.. w.Linear("a.W", x, "a.b").Zip(update, (value, change) => value + 1.5 * change)], "b.b");
        },
        examples: 3);

    [Fact]
    public void A_rank_below_one_and_a_scale_that_is_not_finite_are_refused()
    {
        using var model = new Model();
        Assert.Throws<ArgumentOutOfRangeException>(() => new LowRankAdapters(model, 0, 1, _ => true));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LowRankAdapters(model, 1, double.NaN, _ => true));
    }
}
