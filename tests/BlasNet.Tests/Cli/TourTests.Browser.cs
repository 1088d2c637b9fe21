using Microsoft.Playwright;

namespace BlasNet.Tests.Cli;

/// <content>The page in a browser.</content>
public sealed partial class TourTests
{
    private string Address => new Uri(tour.Page).AbsoluteUri;

    [Theory]
    [InlineData(1280, ColorScheme.Light)]
    [InlineData(390, ColorScheme.Dark)]
    public async Task A_browser_has_nothing_to_complain_about_and_asks_nobody(int width, ColorScheme colours)
    {
        IPage page = await chromium.NewPageAsync(width, colours);
        List<string> complaints = [], requests = [];
        page.Console += (_, message) => complaints.Add(message.Text);
        page.PageError += (_, error) => complaints.Add(error);
        page.Request += (_, request) => requests.Add(request.Url);
        await page.GotoAsync(Address);
        await page.ClickAsync("#stepper1 [data-do=next]");
        Assert.Empty(complaints);
        Assert.All(requests, request => Assert.True(request == Address || request == "data:,", request));
    }

    [Theory]
    [InlineData(1280)]
    [InlineData(390)]
    public async Task Every_figure_has_content_and_words_for_it(int width)
    {
        IPage page = await chromium.NewPageAsync(width);
        await page.GotoAsync(Address);
        string[] wrong = await page.EvaluateAsync<string[]>("""
            () => [...document.querySelectorAll('figure')].flatMap((figure, i) => {
              const name = `figure ${i + 1} (${figure.querySelector('h4, title')?.textContent ?? ''}): `, wrong = [];
              const seen = [...figure.querySelectorAll('svg, table, pre')].filter(part => part.getClientRects().length > 0);
              if (seen.length === 0) wrong.push(name + 'nothing is seen');
              for (const part of seen) {
                const box = part.getBoundingClientRect();
                if (box.width < 60 || box.height < 20) wrong.push(name + `${part.tagName} of ${box.width} × ${box.height}`);
                if (part.tagName !== 'svg') continue;
                if (part.querySelectorAll('rect, circle, path, polyline').length < 2) wrong.push(name + 'an empty picture');
                if (part.getAttribute('role') !== 'img' || !part.querySelector('title')?.textContent || !part.querySelector('desc')?.textContent) wrong.push(name + 'no text alternative');
                const frame = part.getBoundingClientRect();
                for (const text of part.querySelectorAll('text')) {
                  const label = text.getBoundingClientRect();
                  if (label.left < frame.left - 1 || label.right > frame.right + 1 || label.bottom > frame.bottom + 1) wrong.push(name + `"${text.textContent}" is cut off`);
                }
              }
              if (!figure.querySelector('figcaption')?.textContent) wrong.push(name + 'no caption');
              return wrong;
            })
            """);
        Assert.Equal("", string.Join(Environment.NewLine, wrong));
        Assert.True(await page.EvaluateAsync<int>("() => document.querySelectorAll('figure').length") >= 25);
    }

    [Fact]
    public async Task The_steps_go_forward_and_back_by_mouse_and_by_keyboard()
    {
        IPage page = await chromium.NewPageAsync(1280);
        await page.GotoAsync(Address);
        ILocator stepper = page.Locator("#stepper2"), output = stepper.Locator("output");
        int steps = await stepper.Locator(".schedule li").CountAsync();
        Assert.Equal($"all {steps} steps", await output.TextContentAsync());
        Assert.Equal(0, await stepper.Locator(".todo, .done, .now").CountAsync());   // at first both graphs are shown whole
        await stepper.Locator("[data-do=first]").ClickAsync();
        Assert.Equal($"step 0 of {steps}", await output.TextContentAsync());
        int hidden = await stepper.Locator(".to .node.todo").CountAsync();

        await stepper.Locator("[data-do=next]").ClickAsync();
        Assert.Equal($"step 1 of {steps}", await output.TextContentAsync());
        Assert.Equal(1, await stepper.Locator(".schedule li.now").CountAsync());
        Assert.Equal(2, await stepper.Locator(".from .node.now").CountAsync());
        Assert.Equal(hidden - 1, await stepper.Locator(".to .node.todo").CountAsync());

        await page.Keyboard.PressAsync("ArrowRight");
        Assert.Equal($"step 2 of {steps}", await output.TextContentAsync());
        await page.Keyboard.PressAsync("ArrowLeft");
        await page.Keyboard.PressAsync("ArrowLeft");
        Assert.Equal($"step 0 of {steps}", await output.TextContentAsync());

        await stepper.Locator("input").FocusAsync();
        await page.Keyboard.PressAsync("End");
        Assert.Equal($"step {steps} of {steps}", await output.TextContentAsync());
        Assert.Equal(0, await stepper.Locator(".to .todo").CountAsync());
        Assert.True(await stepper.Locator("[data-do=next]").IsDisabledAsync());
    }

    [Theory]
    [InlineData(390)]
    [InlineData(768)]
    public async Task Nothing_is_wider_than_the_screen_but_what_scrolls_by_itself(int width)
    {
        IPage page = await chromium.NewPageAsync(width);
        await page.GotoAsync(Address);
        Assert.True(await page.EvaluateAsync<int>("() => document.documentElement.scrollWidth") <= width);
    }

    [Fact]
    public async Task Dark_screens_get_a_dark_page_and_paper_a_light_one()
    {
        IPage page = await chromium.NewPageAsync(1280, ColorScheme.Dark);
        await page.GotoAsync(Address);
        Assert.Equal("rgb(20, 23, 27)", await Background());
        await page.EmulateMediaAsync(new PageEmulateMediaOptions { Media = Media.Print });
        Assert.Equal("rgb(255, 255, 255)", await Background());

        Task<string> Background() => page.EvaluateAsync<string>("() => getComputedStyle(document.body).backgroundColor");
    }

    [Fact]
    public async Task Without_scripts_the_last_step_is_shown_and_no_buttons()
    {
        IPage page = await chromium.NewPageAsync(1280);
        string still = tour.Html[..tour.Html.LastIndexOf("<script>", StringComparison.Ordinal)];
        await page.SetContentAsync(still);
        Assert.Equal(0, await page.Locator(".todo").CountAsync());
        Assert.False(await page.Locator("#stepper1 .controls").IsVisibleAsync());
    }
}
