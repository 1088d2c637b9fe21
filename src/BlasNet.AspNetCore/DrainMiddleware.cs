using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace BlasNet.AspNetCore;

/// <summary>Lets answers say that their connection closes, once the service drains. Before all other middleware.</summary>
internal sealed class DrainMiddleware(Drain drain) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        Func<object, Task> starting = context =>
        {
            if (drain.IsOn)
                ((HttpContext)context).Response.Headers.Connection = "close";

            return Task.CompletedTask;
        };
        app.Use(pipeline => context =>
        {
            drain.Touch();
            context.Response.OnStarting(starting, context);
            return pipeline(context);
        });
        next(app);
    };
}
